"""What must not go out, and what someone should know before it does."""

from __future__ import annotations

import pytest

from deployment.contents import Item
from deployment.inspection import Finding, inspect
from deployment.shipment import Outcome
from runs.licences import is_non_commercial


def about(outcome: Outcome, path: str, content: bytes) -> tuple[Finding, ...]:
    return inspect([Item(path, content)], outcome)


def test_nothing_is_wrong_with_what_is_made_of_synthetic_champions(items: tuple[Item, ...], outcome: Outcome) -> None:
    assert inspect(items, outcome) == ()


@pytest.mark.parametrize(
    "secret",
    [
        "hf_" + "aB3" * 12,
        "AKIA" + "ABCD" * 4,
        "ghp_" + "a1B2" * 9,
        "xoxb-" + "1234567890" * 3,
        "sk-" + "a1B2" * 10,
        "-----BEGIN RSA PRIVATE " + "KEY-----",
        'api_key = "' + "a1b2c3d4" * 3 + '"',
        "'password': '" + "correct-horse-battery" + "'",
    ],
    ids=lambda secret: secret[:8],
)
def test_what_looks_like_a_secret_is_refused_with_its_line_but_not_shown(outcome: Outcome, secret: str) -> None:
    (finding,) = about(outcome, "demo/page.py", f"x = 1\n{secret}\n".encode())
    assert finding.is_refusal
    assert "line 2" in finding.words
    assert secret not in finding.words


@pytest.mark.parametrize("name", [".env", "demo/.env.local", "server.pem", "id_rsa", "aws-Credentials.json", ".netrc"])
def test_what_has_the_name_of_a_secret_is_refused(outcome: Outcome, name: str) -> None:
    (finding,) = about(outcome, name, b"")
    assert finding.is_refusal


@pytest.mark.parametrize("text", ["token = get_token()", "hf_hub_download", "token: str | None = None", 'TOKEN = "short"'])
def test_words_about_secrets_are_none(outcome: Outcome, text: str) -> None:
    assert about(outcome, "demo/page.py", text.encode()) == ()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("examples/03-01-05-01-01-01-07.wav", b""),
        ("examples/03-01-05-01-01-01-07.flac", b"fLaC"),
        ("leaderboard/results/ravdess/03a01Fa.MP3", b""),
        ("models/synthetic-sad.flac", b"fLaC"),
        ("demo/notes.md", b"RIFF\x24\x08\x00\x00WAVEfmt "),
        ("demo/blob.bin", b"OggS"),
    ],
)
def test_a_recording_is_refused_whatever_it_is_called(outcome: Outcome, path: str, content: bytes) -> None:
    (finding,) = about(outcome, path, content)
    assert finding.is_refusal
    assert "looks like a recording" in finding.words


def test_the_projects_own_examples_may_go(outcome: Outcome) -> None:
    assert about(outcome, "examples/synthetic-sad.flac", b"fLaC") == ()


def test_more_than_ten_megabytes_in_git_is_noted_and_apart_from_it_is_not(outcome: Outcome) -> None:
    (finding,) = about(outcome, "leaderboard/results/x/predictions.csv", b"1" * 10_000_001)
    assert "10.0 MB" in finding.words
    assert not finding.is_refusal
    assert about(outcome, "models/x.skops", b"1" * 10_000_001) == ()
    assert about(outcome, "x.csv", b"1" * 10_000_000) == ()


def test_a_folder_of_a_persons_machine_is_noted(outcome: Outcome) -> None:
    (finding,) = about(outcome, "run.json", b'{"command": "python search/run.py --data /' + b'home/someone/corpora"}')
    assert "a person's machine" in finding.words
    assert about(outcome, "about.md", b"https://example.org/home/page") == ()


def test_champions_that_may_not_be_used_commercially_are_noted(non_commercial: Outcome) -> None:
    (finding,) = inspect([], non_commercial)
    assert "CC BY-NC-SA 4.0 forbids commercial use" in finding.words
    assert "linear" in finding.words
    assert not finding.is_refusal


@pytest.mark.parametrize(
    ("licence", "expected"), [("CC BY-NC-SA 4.0", True), ("for non-commercial use", True), ("MIT", False), ("CC BY 4.0", False)]
)
def test_non_commercial_licences_are_told_from_others(licence: str, expected: bool) -> None:
    assert is_non_commercial(licence) is expected


def test_more_than_the_limit_in_all_is_refused_with_its_largest_file(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployment.inspection.MAX_TOTAL_BYTES", 1_000)
    (finding,) = inspect([Item("a.npz", bytes(900)), Item("b.npz", bytes(200))], outcome)
    assert finding.is_refusal
    assert "a.npz" in finding.words
