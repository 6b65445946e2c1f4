"""Hosts for tests: a PostgreSQL server of the test's own, and processes that each work on a shared run under a name of their own."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import optuna
import psutil
import pytest
from optuna.trial import FrozenTrial, TrialState

from search.items import OWNER
from search.plan import RunPlan

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
UNPRIVILEGED = "postgres"
PAUSE = 0.02


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Postgres:
    """A server with a database, on a port of this machine."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://emotune:secret@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-o", options, "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "fast", "-w", "stop")

    def create(self) -> None:
        self._run("initdb", "-D", str(self.folder / "data"), "-U", "emotune", "-A", "trust", "--no-sync")

    def _run(self, program: str, *arguments: str) -> None:
        as_whom = {"user": UNPRIVILEGED, "group": UNPRIVILEGED} if os.geteuid() == 0 else {}
        command = [str(PROGRAMS[-1].with_name(program)), *arguments]
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        subprocess.run(command, cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, check=True, **as_whom)


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """Yield a server that runs; it ends with the block."""
    if not PROGRAMS:
        pytest.skip("needs PostgreSQL's server programs, as Debian installs them")
    folder = Path(tempfile.mkdtemp(prefix="emotune-postgres-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, UNPRIVILEGED, UNPRIVILEGED)
        server = Postgres(folder, free_port())
        server.create()
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Host:
    """A process that works on a shared run as if it were on a machine of its own.

    Parameters
    ----------
    plan : RunPlan
        With a folder of the host's own.
    name : str
        Of the machine.
    """

    def __init__(self, plan: RunPlan, name: str) -> None:
        self.plan, self.name = plan, name
        self.said = plan.folder.with_name(f"{plan.folder.name}.txt")
        self.process: BaseProcess = multiprocessing.get_context("spawn").Process(target=_work, args=(plan, name, self.said))
        self.process.start()

    def owns(self, trial: FrozenTrial) -> bool:
        return bool(trial.user_attrs.get(OWNER, {}).get("host") == self.name)

    def kill_in(self, is_it: Callable[[str], bool], storage: optuna.storages.BaseStorage) -> int:
        """Kill the host while it works on something in a study of such a name; return the trial's number in the storage."""
        while self.process.is_alive():
            found = self._running(is_it, storage)
            if found:
                self._signal("suspend")
                if set(self._running(is_it, storage)) & set(found):
                    self._signal("kill")
                    self.process.join()
                    return found[0]
                self._signal("resume")
            time.sleep(PAUSE)
        raise AssertionError(f"{self.name} ended before it could be killed: {self.said.read_text() if self.said.exists() else ''}")

    def end(self) -> None:
        """Kill the host if it still runs."""
        if self.process.is_alive():
            self._signal("kill")
        self.process.join()

    def _running(self, is_it: Callable[[str], bool], storage: optuna.storages.BaseStorage) -> list[int]:
        names = [name for name in optuna.get_all_study_names(storage) if is_it(name)]
        studies = [optuna.load_study(study_name=name, storage=storage) for name in names]
        running = [trial for one in studies for trial in one.get_trials(deepcopy=False, states=(TrialState.RUNNING,))]
        return [trial._trial_id for trial in running if self.owns(trial)]

    def _signal(self, what: str) -> None:
        main = psutil.Process(self.process.pid)
        for process in (main, *main.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                getattr(process, what)()


def _work(plan: RunPlan, name: str, said: Path) -> None:
    import search.items
    from search.hosts import run_shared
    from tests.fixtures.small_run import silent_reporter

    search.items.socket.gethostname = lambda: name  # type: ignore[attr-defined]
    reporter = silent_reporter()

    def say(text: str) -> None:
        with said.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    reporter.say = say  # type: ignore[method-assign]
    run_shared(plan, reporter)
