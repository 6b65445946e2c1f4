from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "app.py", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_help_is_there_without_loading_a_model() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "--results" in done.stdout


def test_a_folder_that_is_not_there_is_one_clear_sentence(tmp_path: Path) -> None:
    done = run("--results", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "nowhere is no folder; run search/run.py first." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_family_for_nothing_to_read_is_refused() -> None:
    done = run("--family", "linear")
    assert done.returncode == 2
    assert "--family goes with --file or --listen" in done.stderr


def test_the_page_never_imports_the_search() -> None:
    code = "import sys, page.interface; print([name for name in sys.modules if name.split('.')[0] in ('search', 'optuna')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
