"""Which files stand behind a module, and when the hash of their code changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from emotune.files import PROJECT_ROOT
from emotune.registry import Registry
from emotune.sources import code_hash, file_of, files_behind, imported_names

FILES = {
    "app.py": "import part.one\nif TYPE_CHECKING:\n    import part.three\ndef f():\n    from part import two\n",
    "part/__init__.py": "from part import five\n",
    "part/one.py": "import json",
    "part/two.py": "from part.four import x\nimport other.six",
    "part/three.py": "",
    "part/four.py": "import app",
    "part/five.py": "",
    "other/six.py": "",
    "secrets.py": "",
}
CODE = '"""Words."""\n\n\ndef answer():\n    """Words."""\n    return 1\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def names(files: tuple[Path, ...], project: Path) -> set[str]:
    return {path.relative_to(project).as_posix() for path in files}


def test_only_what_a_program_imports_is_behind_it(project: Path) -> None:
    expected = {"app.py", "part/__init__.py", "part/one.py", "part/two.py", "part/four.py", "part/five.py", "other/six.py"}
    assert names(files_behind(project / "app.py", project=project), project) == expected


def test_a_search_within_packages_leaves_out_the_others_and_the_registries(project: Path) -> None:
    found = files_behind(project / "part" / "two.py", project=project, within=("part",))
    assert names(found, project) == {"part/two.py", "part/four.py"}


def test_the_files_are_sorted_and_a_circle_of_imports_ends(project: Path) -> None:
    found = files_behind(project / "part" / "four.py", project=project)
    assert list(found) == sorted(set(found))
    assert project / "app.py" in found


def test_imports_in_functions_and_else_branches_count_and_those_for_type_checkers_do_not(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("if TYPE_CHECKING:\n    import optuna\nelse:\n    import os\ndef f():\n    from search.cli import main\n")
    assert imported_names(module) == {"os", "search.cli", "search.cli.main"}


def test_the_typing_module_may_be_named_before_the_flag(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("import typing\nif typing.TYPE_CHECKING:\n    import optuna\n")
    assert imported_names(module) == {"typing"}


def test_a_class_is_found_in_the_file_that_defines_it() -> None:
    assert file_of(Registry) == PROJECT_ROOT / "emotune" / "registry.py"


@pytest.mark.parametrize(
    ("changed", "moves"),
    [
        (CODE.replace("1", "2"), True),
        (CODE.replace("answer", "other"), True),
        (CODE + "# a comment\n", False),
        (CODE.replace("Words", "Other words"), False),
        (CODE.replace("return 1", "return (\n        1\n    )"), False),
    ],
    ids=["value", "name", "comment", "docstring", "layout"],
)
def test_the_hash_follows_the_code_and_not_its_words(changed: str, moves: bool, tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(CODE)
    before = code_hash([file])
    file.write_text(changed)
    assert (code_hash([file]) != before) == moves


def test_the_hash_does_not_depend_on_the_folder_or_on_the_order(tmp_path: Path) -> None:
    files = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        for name, text in (("one.py", "x = 1"), ("two.py", "y = 2")):
            (folder / name).write_text(text)
            files.append(folder / name)
    assert code_hash(files[:2]) == code_hash(files[2:]) == code_hash(files[1::-1])
