"""Starting an assembled folder, here and (with EMOTUNE_SLOW=1) in new environments of two Pythons."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deployment.contents import Item
from deployment.folder import write_folder
from deployment.start import EXAMPLE, ask_once, make_environment
from emotune.errors import DeployError

SLOW = pytest.mark.skipif(os.environ.get("EMOTUNE_SLOW") != "1", reason="installs 1 GB; EMOTUNE_SLOW=1 asks for it")


@pytest.fixture
def folder(items: tuple[Item, ...], tmp_path: Path) -> Path:
    return write_folder(items, tmp_path / "space")


def write_page(folder: Path, code: str) -> Path:
    (folder / EXAMPLE).parent.mkdir(parents=True)
    (folder / EXAMPLE).touch()
    (folder / "app.py").write_text(code)
    return folder


def test_the_assembled_page_answers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    answer = ask_once(folder, python=sys.executable)
    assert answer.families == ("linear",)
    assert answer.emotion == "angry"
    assert answer.unavailable == ()
    assert answer.seconds > 0
    assert answer.live_seconds > 2
    assert answer.live
    if sys.platform == "linux":
        assert 50e6 < (answer.peak_bytes or 0) < 4e9


def test_a_page_that_ends_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"ended with code 3: .*no champions"):
        ask_once(write_page(tmp_path, "import sys; print('no champions'); sys.exit(3)"), python=sys.executable)


def test_a_page_that_does_not_listen_is_stopped_and_told(tmp_path: Path) -> None:
    page = write_page(tmp_path, "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)")
    with pytest.raises(DeployError, match="must listen within 1 s"):
        ask_once(page, python=sys.executable, timeout_seconds=1)
    with pytest.raises(ProcessLookupError):
        os.kill(int((page / "pid").read_text()), 0)


def test_a_page_that_is_none_is_told(tmp_path: Path) -> None:
    code = (
        "import http.server, os\n"
        "http.server.HTTPServer(('127.0.0.1', int(os.environ['GRADIO_SERVER_PORT'])), http.server.SimpleHTTPRequestHandler)"
        ".serve_forever()"
    )
    with pytest.raises(DeployError, match="must answer examples/synthetic-angry"):
        ask_once(write_page(tmp_path, code), python=sys.executable)


def test_the_page_is_given_no_secret_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "MY_API_KEY", "DB_PASSWORD", "EMOTUNE_RESULTS", "PYTHONPATH"):
        monkeypatch.setenv(name, "mine-and-only-mine")
    page = write_page(tmp_path, "import os, sys; sys.exit(1 if 'mine-and-only-mine' in os.environ.values() else 4)")
    with pytest.raises(DeployError, match="ended with code 4"):
        ask_once(page, python=sys.executable)


def test_an_interpreter_that_is_none_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"no-such-python is none .*check --python"):
        make_environment(folder, tmp_path / "environment", python="no-such-python")


def test_a_requirement_that_cannot_be_installed_is_told(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("./not-here\n")
    with pytest.raises(DeployError, match=r"must install into a new environment, but: .*not-here.*or give --no-start"):
        make_environment(tmp_path, tmp_path / "environment", python=sys.executable)


@SLOW
@pytest.mark.parametrize("python", ["python3.11", "python3.12"])
def test_the_assembled_page_answers_in_an_environment_of_its_own(folder: Path, tmp_path: Path, python: str) -> None:
    found = shutil.which(python)
    if not found or subprocess.run([found, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"needs {python}")
    answer = ask_once(folder, python=make_environment(folder, tmp_path / "environment", python=found))
    print(f"{python}: first answer after {answer.seconds:.1f} s, {answer.peak_bytes} bytes at most")
    assert answer.families == ("linear",)
    assert answer.emotion == "angry"
