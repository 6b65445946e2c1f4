"""The options of the page: what it cannot be served at is refused before anything loads."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from page.options import HOST_VARIABLE, PORT_VARIABLE, parse


@pytest.mark.parametrize("port", ["99999999", "-5", "0", "http", "65536", "7860.5"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(["--port", port])
    assert stopped.value.code == 2
    assert f"--port: must be a whole number from 1 to 65535, got {port}; leave it out" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["999.1.1.1", "localhos.invalid", "192.0.2.1", "", "a" * 300])
@pytest.mark.parametrize("is_variable", [False, True])
def test_a_host_that_is_not_this_machine_is_refused(
    host: str, is_variable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--results", str(tmp_path), "--port", "7999"]
    if is_variable:
        monkeypatch.setenv(HOST_VARIABLE, host)
    else:
        given += ["--host", host]
    with pytest.raises(SystemExit) as stopped:
        parse(given)
    assert stopped.value.code == 2
    assert f"--host ({HOST_VARIABLE}) must be an address of this machine, got {host!r} (" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_this_machine_is_served_by_its_addresses(host: str, tmp_path: Path) -> None:
    options = parse(["--results", str(tmp_path), "--host", host, "--port", "7999"])
    assert (options.host, options.port) == (host, 7999)


def test_without_a_host_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HOST_VARIABLE, raising=False)
    assert parse(["--results", str(tmp_path)]).host is None


def test_a_port_that_is_taken_is_refused_before_anything_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SystemExit) as stopped:
            parse(["--results", str(tmp_path), "--port", str(port)])
    assert stopped.value.code == 2
    assert f"must be a port that this program may take, got {port} (Address already in use); give another" in capsys.readouterr().err


def test_a_port_of_the_environment_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(PORT_VARIABLE, "http")
    with pytest.raises(SystemExit) as stopped:
        parse(["--results", str(tmp_path)])
    assert stopped.value.code == 2
    assert f"{PORT_VARIABLE} must be a whole number from 1 to 65535, got http" in capsys.readouterr().err
