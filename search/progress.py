"""What a person waiting for a run sees; quiet when nobody watches.

In a terminal, progress bars and a live line a study; otherwise a plain line every tenth trial and at each milestone.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from corpora.places import count
from evaluation.jobs import EvaluationJob, Job
from search.study_plan import StudyPlan
from search.trial import TrialEnd

QUIET_EVERY_N_TRIALS = 10


class ConsoleReporter:
    """Tells of a run's progress on standard error.

    Parameters
    ----------
    console : Console, optional
        Where to write; standard error by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stderr, highlight=False)
        self._n_trials: dict[tuple[str, str], int] = {}
        self._done: dict[tuple[str, str], int] = {}
        self._seconds: dict[tuple[str, str], list[float]] = {}
        self._n_evaluated: dict[str, int] = {}
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        """Write a line."""
        self.console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[int, int], None]]:
        """Show a bar (in a terminal) and yield what is to be called with (done, in all)."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.console, disable=not self.console.is_terminal) as bars:
            bar = bars.add_task(title, total=None)
            yield lambda done, total: bars.update(bar, completed=done, total=total)

    def expect(self, studies: Sequence[StudyPlan]) -> None:
        """Say what is about to be tuned."""
        self._started = time.monotonic()
        self._n_trials = {(study.family, study.half): study.n_trials for study in studies}
        families = list(dict.fromkeys(study.family for study in studies))
        if studies:
            score, n_trials = studies[0].objective.words, count(studies[0].n_trials, "trial")
            self.say(f"Tuning {', '.join(families)}: two halves, {n_trials} each; the score is the {score}")

    def trial_ended(self, trial: TrialEnd) -> None:
        """Tell of a trial: family, half, trial k of N, best so far, time left."""
        key = trial.family, trial.half
        self._done[key] = trial.number
        self._seconds.setdefault(key, []).append(trial.seconds)
        total = self._n_trials.get(key, trial.number)
        if not self.console.is_terminal and trial.number % QUIET_EVERY_N_TRIALS and trial.number not in (1, total):
            return
        value = "failed" if trial.state == "FAIL" else "pruned" if trial.state == "PRUNED" else f"{100 * (trial.value or 0):.1f}"
        best = "–" if trial.best is None else f"{100 * trial.best:.1f}"
        left = self._minutes_left()
        self.say(f"{trial.family:<14} half {trial.half}  trial {trial.number:>3} of {total}  {value:>6}  best {best:>5}  {left}")

    def study_ended(self, study: StudyPlan) -> None:
        """Count all of a study's trials as done; those of an earlier command were never told of."""
        self._done[study.family, study.half] = study.n_trials

    def evaluated(self, job: Job) -> None:
        """Tell of an evaluation: each in a terminal, otherwise the first of a family."""
        self._n_evaluated[job.family] = self._n_evaluated.get(job.family, 0) + 1
        if self.console.is_terminal or self._n_evaluated[job.family] == 1:
            what = f"{job.split.replace('_', ' ')}, part {job.fold + 1}" if isinstance(job, EvaluationJob) else "champion"
            self.say(f"{job.family:<14} evaluated: {what}")

    def _minutes_left(self) -> str:
        """Estimate the time left from the trials done and the time they took side by side."""
        spent = time.monotonic() - self._started
        seconds_per_trial = {key: statistics.fmean(seconds) for key, seconds in self._seconds.items()}
        usual = statistics.fmean(seconds_per_trial.values())
        remaining = sum((n - self._done.get(key, 0)) * seconds_per_trial.get(key, usual) for key, n in self._n_trials.items())
        side_by_side = max(1.0, sum(map(sum, self._seconds.values())) / max(spent, 1.0))
        return f"about {remaining / side_by_side / 60:.0f} min of tuning left"
