"""``deploy.py`` as a person meets it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from deployment import cli, start
from deployment.cli import main
from deployment.contents import PROJECT
from deployment.start import FirstAnswer
from emotune.errors import DeployError
from tests.deployment.fake_hub import TOKEN, FakeHub

LISTED = re.compile(r"^([0-9a-f]{64}) +([\d,]+)  (\S.*)$", re.MULTILINE)
Capture = pytest.CaptureFixture[str]


def listed(output: str) -> dict[str, tuple[str, int]]:
    return {path: (digest, int(size.replace(",", ""))) for digest, size, path in LISTED.findall(output)}


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def test_a_dry_run_lists_every_file_and_sends_nothing(fake_hub: FakeHub, small_results: Path, capsys: Capture) -> None:
    assert run("me/emotune", "--results", small_results, "--no-start") == 0
    output = capsys.readouterr().out
    files = listed(output)
    assert {"app.py", "README.md", "requirements.txt", "deployed.json"} <= set(files)
    assert f"{len(files)} files, {sum(size for _, size in files.values()):,} bytes in all" in output
    assert "Nothing was sent; --push sends exactly these files." in output
    assert fake_hub.calls == []


def test_what_is_pushed_is_what_the_dry_run_listed(fake_hub: FakeHub, small_results: Path, capsys: Capture) -> None:
    run("me/emotune", "--results", small_results, "--no-start")
    shown = listed(capsys.readouterr().out)
    assert run("me/emotune", "--results", small_results, "--no-start", "--push") == 0
    output = capsys.readouterr().out
    assert listed(output) == shown
    sent = {path: (sha256(content).hexdigest(), len(content)) for path, content in fake_hub.spaces["me/emotune"].files.items()}
    assert sent == shown
    assert f"RUNNING: {fake_hub.address}/spaces/me/emotune" in output


def test_a_failed_build_shows_its_log_and_ends_with_code_2(fake_hub: FakeHub, small_results: Path, capsys: Capture) -> None:
    fake_hub.stages = ["BUILDING", "BUILD_ERROR"]
    assert run("me/emotune", "--results", small_results, "--no-start", "--push") == 2
    errors = capsys.readouterr().err
    assert "it went wrong here" in errors
    assert "was sent but ended as BUILD_ERROR" in errors


def test_a_trial_start_tells_time_and_memory(small_results: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(folder: Path, place: Path, *, python: str) -> Path:
        assert (folder / "app.py").is_file()
        return Path(python)

    monkeypatch.setattr(start, "make_environment", make)
    monkeypatch.setattr(
        start, "ask_once", lambda *_, **__: FirstAnswer("angry", ("linear",), ("cnn2d: damaged",), 12.34, "angry", 2.5, 1_234_000_000)
    )
    assert run("me/emotune", "--results", small_results) == 0
    output = capsys.readouterr().out
    assert "First answer 12.3 s after its start; peak memory 1.23 GB" in output
    assert "a family could not answer: cnn2d: damaged" in output


def test_what_does_not_start_is_not_pushed(
    fake_hub: FakeHub, small_results: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> Path:
        raise DeployError("The assembled page must run, but ended.")

    monkeypatch.setattr(start, "make_environment", fail)
    assert run("me/emotune", "--results", small_results, "--push") == 2
    assert "must run, but ended" in capsys.readouterr().err
    assert fake_hub.calls == []


def test_what_must_not_go_out_stops_everything(fake_hub: FakeHub, small_results: Path, tmp_path: Path, capsys: Capture) -> None:
    results = Path(shutil.copytree(small_results, tmp_path / "synthetic"))
    (results / "run.json").write_text('{"corpus": "synthetic", "command": "HF_TOKEN=hf_' + "a1B2" * 9 + '"}')
    assert run("me/emotune", "--results", results, "--no-start", "--push") == 2
    captured = capsys.readouterr()
    assert "REFUSED: leaderboard/results/synthetic/run.json: holds what looks like a secret, line 1" in captured.out
    assert "must not be uploaded" in captured.err
    assert fake_hub.calls == []


def test_docker_writes_a_folder_that_builds(small_results: Path, tmp_path: Path, capsys: Capture) -> None:
    assert run("--target", "docker", "--results", small_results, "--no-start", "--out", tmp_path / "page") == 0
    files = listed(capsys.readouterr().out)
    written = {path.relative_to(tmp_path / "page").as_posix() for path in (tmp_path / "page").rglob("*") if path.is_file()}
    assert written == set(files)
    assert {"Dockerfile", ".dockerignore", "app.py"} <= written


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "is named USER/NAME"),
        (["emo tune"], "got 'emo tune'"),
        (["me/emotune", "--target", "docker", "--push"], "give one of them"),
        (["me/emotune", "--results", "no/such/folder"], "no/such/folder is no folder; run search/run.py first"),
    ],
)
def test_a_mistake_is_one_sentence_and_code_2(arguments: list[str], words: str, capsys: Capture) -> None:
    assert main(arguments) == 2
    errors = capsys.readouterr().err
    assert words in errors
    assert errors.count("\n") == 1


def test_help_answers_without_the_libraries() -> None:
    code = (
        "import runpy, sys\nsys.argv = ['deploy.py', '--help']\n"
        "try:\n    runpy.run_path('deploy.py', run_name='__main__')\nexcept SystemExit:\n    print(*sys.modules)"
    )
    finished = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "--push" in finished.stdout
    assert not {"numpy", "pandas", "gradio", "huggingface_hub"} & set(finished.stdout.split())


def test_the_command_itself_pushes_and_never_shows_the_token(fake_hub: FakeHub, small_results: Path) -> None:
    command = [sys.executable, "deploy.py", "me/emotune", "--results", str(small_results), "--no-start", "--push"]
    settings = {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    fake_hub.stages = ["BUILDING", "RUNNING"]
    finished = subprocess.run(command, cwd=PROJECT, env=os.environ | settings, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert TOKEN not in finished.stdout + finished.stderr
    assert "deployed.json" in fake_hub.spaces["me/emotune"].files


def test_without_a_token_it_ends_with_one_sentence(
    fake_hub: FakeHub, small_results: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert run("me/emotune", "--results", small_results, "--no-start", "--push") == 2
    expected = "The Hub asks for a token, and there is none; log in with `hf auth login` or set HF_TOKEN."
    assert capsys.readouterr().err == f"emotune: {expected}\n"
    assert fake_hub.calls == []


def test_ctrl_c_ends_quietly(small_results: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_run", interrupt)
    assert run("me/emotune") == 130
    assert "stopped" in capsys.readouterr().err
