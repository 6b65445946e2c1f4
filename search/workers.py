"""The pool: studies and evaluations side by side, one process a core, each single-threaded.

A study runs in one process from its first trial to its last, so how many there are changes nothing in what is found.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from emotune.errors import StudyError
from emotune.threads import SINGLE_THREADED
from evaluation.dataset import Dataset
from evaluation.held_out import evaluate, fit_champion
from evaluation.jobs import ChampionJob, EvaluationJob, Job
from features.whisper.published import use_encoders
from models import FAMILIES
from runs.layout import RunFolder
from runs.work import WorkFolder
from search.sharing import SharedDataset, share
from search.study import run_study
from search.study_plan import StudyPlan
from search.taken import TakenJob, TakenTrial, carry_out_job, carry_out_trial
from search.trial import TrialEnd

POLL_SECONDS = 0.5
Plan = StudyPlan | Job | TakenTrial | TakenJob
FITS_PER_PROCESS = 150
"""Then a process is replaced: TensorFlow keeps about 10 MB of every network that it has trained."""
FITS_PER_TRIAL = 3


@dataclass
class Worker:
    """A process, and how much it has done."""

    executor: ProcessPoolExecutor
    n_fits: int = 0

    def needs_restart(self, plan: Plan) -> bool:
        """Count a finished plan, and return whether the process should be replaced."""
        match plan:
            case StudyPlan():
                self.n_fits += plan.n_trials * FITS_PER_TRIAL
            case TakenTrial():
                self.n_fits += FITS_PER_TRIAL
            case _:
                self.n_fits += 1
        return self.n_fits >= FITS_PER_PROCESS


class WorkerPool:
    """Runs plans in processes and tells of every trial's end.

    Parameters
    ----------
    dataset : Dataset
        Kept in a file in the cache, whose recordings all processes map into their memory.
    run : RunFolder
        The run's folder.
    n_jobs : int
        How many processes.
    encoders : mapping of str to Path
        Folders of pretrained weights that the command named.
    tell : callable
        Called in this process with each :class:`TrialEnd`.
    """

    def __init__(
        self,
        dataset: Dataset,
        run: RunFolder,
        *,
        n_jobs: int,
        tell: Callable[[TrialEnd], None],
        encoders: Mapping[str, Path] = MappingProxyType({}),
    ) -> None:
        os.environ.update(SINGLE_THREADED)
        self._context = multiprocessing.get_context("spawn")
        self._events: Any = self._context.Queue()
        self._tell = tell
        self._log = run.process_log
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._given = (share(dataset), run, self._events, dict(encoders))
        self._waiting: deque[Plan] = deque()
        self._idle = [self._start_worker() for _ in range(n_jobs)]
        self._running: dict[Future[None], tuple[Plan, Worker]] = {}

    def submit(self, plans: Sequence[Plan]) -> None:
        """Queue plans."""
        self._waiting.extend(plans)
        while self._waiting and self._idle:
            worker, plan = self._idle.pop(), self._waiting.popleft()
            with _without_ctrl_c():
                self._running[worker.executor.submit(_run, plan)] = plan, worker

    def submit_first(self, plans: Sequence[Plan]) -> None:
        """Queue plans before those that wait."""
        self._waiting.extendleft(reversed(plans))
        self.submit(())

    def finished(self) -> Iterator[Plan]:
        """Yield each plan as it finishes, until none is left; more may be submitted meanwhile.

        Raises
        ------
        EmotuneError
            Whatever a plan raised, or if a process was killed.
        """
        while self._running:
            for plan in self.collect(POLL_SECONDS):
                yield plan
                self.submit(())

    @property
    def n_idle(self) -> int:
        """How many processes have nothing to do."""
        return len(self._idle)

    def collect(self, timeout: float) -> Iterator[Plan]:
        """Wait until a plan finishes, or for so many seconds, and yield those that did; raises as :meth:`finished`."""
        if not self._running:
            time.sleep(timeout)
        done, _ = wait(self._running, timeout=timeout, return_when=FIRST_COMPLETED)
        self._pass_on_events()
        for future in done:
            plan, worker = self._running.pop(future)
            try:
                future.result()
            except BrokenProcessPool:
                raise StudyError(
                    f"A process must live to the end of its work, but that of {plan.family} was ended from outside (out of "
                    f"memory?); what it said is in {self._log}; the same command continues from here."
                ) from None
            if worker.needs_restart(plan):
                worker.executor.shutdown(wait=False)
                worker = self._start_worker()
            self._idle.append(worker)
            yield plan

    def close(self, *, at_once: bool) -> None:
        """End the processes; at once on an error or Ctrl-C, since whatever they are in is repeated by the next run."""
        if at_once:
            for process in multiprocessing.active_children():
                process.kill()
        for worker in (*self._idle, *(worker for _, worker in self._running.values())):
            worker.executor.shutdown(wait=not at_once, cancel_futures=at_once)

    def _start_worker(self) -> Worker:
        return Worker(ProcessPoolExecutor(1, mp_context=self._context, initializer=_start, initargs=self._given))

    def _pass_on_events(self) -> None:
        while True:
            try:
                self._tell(self._events.get_nowait())
            except queue.Empty:
                return


_place: tuple[Dataset, RunFolder, Any] | None = None


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Keep Ctrl-C, which a terminal sends to all processes, from those that are started meanwhile: the run ends them itself."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(dataset: SharedDataset, run: RunFolder, events: Any, encoders: Mapping[str, Path]) -> None:
    global _place
    _place = (dataset.load(), run, events)
    use_encoders(encoders)
    # TensorFlow greets every process on standard error, whatever it is told.
    os.dup2(os.open(run.process_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this process, whatever it is in, when that of the run was killed."""
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os._exit(1)


def _run(plan: Plan) -> None:
    assert _place is not None
    dataset, run, events = _place
    work = WorkFolder(run)
    if FAMILIES[plan.family].is_neural:
        import keras  # noqa: F401  its import draws from the random numbers that a fit has seeded, so it comes before the first fit
    match plan:
        case StudyPlan():
            run_study(plan, dataset, run, tell=events.put)
        case EvaluationJob():
            if not work.has(plan):
                work.write(plan, evaluate(plan, dataset))
        case ChampionJob():
            if not work.has(plan):
                work.write_model(plan, fit_champion(plan, dataset))
        case TakenTrial():
            carry_out_trial(plan, dataset, run, tell=events.put)
        case TakenJob():
            carry_out_job(plan, dataset)
