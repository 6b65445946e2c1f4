"""Items: work that hosts share, as enqueued trials of an Optuna study; each is carried out once, whoever dies on the way.

An item has a key, and one or more trials that carry it: its attempts. What counts is the first attempt that ended, else the oldest
that waits or runs; all others are ignored, so adding an item twice does no harm. An attempt is taken by setting a waiting trial to
running, which a database grants to one host only. Whoever took it writes a *beat* into the trial every few seconds, from a thread;
an attempt whose beat has stood still for the grace period is failed without a reason, which makes it lost, and another is enqueued.

A host that is started again finds at once that what its dead predecessor on the same machine had taken is lost.

Optuna's own heartbeat is not used: it works for ``Study.optimize`` and not through the gRPC proxy. The grace period is measured on
the clock of the host that watches, and only while the database answers, so clocks may differ and a database may be restarted.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from search.storage import Database

KEY, BEAT, OWNER, ERROR = "item", "beat", "owner", "error"
Key = str | int


def add(study: optuna.Study, key: Key, *, params: Mapping[str, Any] | None = None, content: Mapping[str, Any] | None = None) -> None:
    """Add an item, or another attempt at it.

    Parameters
    ----------
    study : Study
        Where.
    key : str or int
        Which item.
    params : mapping, optional
        Parameters that its trial shall have.
    content : mapping, optional
        What else belongs to it, of JSON's types.
    """
    study.enqueue_trial(dict(params or {}), user_attrs={**(content or {}), KEY: key})


def attempts(study: optuna.Study) -> dict[Key, FrozenTrial]:
    """Return the attempt that counts of each item; items whose attempts are all lost are absent."""
    found: dict[Key, FrozenTrial] = {}
    for trial in study.get_trials(deepcopy=False):
        key = trial.user_attrs.get(KEY)
        if key is None or is_lost(trial):
            continue
        if key not in found or (has_ended(trial) and not has_ended(found[key])):
            found[key] = trial
    return found


def has_ended(trial: FrozenTrial) -> bool:
    """Return whether an attempt came to an end that counts."""
    return trial.state.is_finished() and not is_lost(trial)


def is_lost(trial: FrozenTrial) -> bool:
    """Return whether an attempt was given up because its host died or let go."""
    return trial.state is TrialState.FAIL and ERROR not in trial.user_attrs


def id_of(trial: FrozenTrial) -> int:
    """Return the number by which a storage knows a trial in all its studies."""
    return trial._trial_id  # Optuna has no public name for it, and takes trials in the order of their numbers otherwise


def take(storage: BaseStorage, trial: FrozenTrial) -> bool:
    """Take an attempt that waits; return whether this host got it."""
    try:
        if not storage.set_trial_state_values(id_of(trial), state=TrialState.RUNNING):
            return False
        storage.set_trial_user_attr(id_of(trial), OWNER, this_process())
    except UpdateFinishedTrialError:
        return False
    return True


def this_process() -> dict[str, Any]:
    """Return what names a host's main process, and the space in which its number means something."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return {"host": socket.gethostname(), "space": space, "pid": os.getpid()}


def owner_is_dead(trial: FrozenTrial) -> bool:
    """Return whether whoever took an attempt was a process of this machine that is no more."""
    owner = trial.user_attrs.get(OWNER)
    here = this_process()
    if not owner or {**owner, "pid": 0} != {**here, "pid": 0}:
        return False
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def give_up(storage: BaseStorage, trial_id: int) -> None:
    """Make a running attempt a lost one, unless it has ended."""
    with suppress(UpdateFinishedTrialError):
        storage.set_trial_state_values(trial_id, state=TrialState.FAIL)


def finish(storage: BaseStorage, trial_id: int, *, value: float = 0.0) -> bool:
    """End an attempt that was carried out; return False if it was taken for lost meanwhile and does not count."""
    try:
        storage.set_trial_state_values(trial_id, state=TrialState.COMPLETE, values=[value])
    except UpdateFinishedTrialError:
        # The same if the answer to an earlier try was lost on its way: the trial is then complete.
        return storage.get_trial(trial_id).state is TrialState.COMPLETE
    return True


@dataclass
class Pulse:
    """Whether an attempt that this host works on is still its own."""

    is_lost: bool = False


@contextmanager
def beating(storage: BaseStorage, trial_id: int, database: Database) -> Iterator[Pulse]:
    """Say every few seconds that an attempt is being worked on, until the block ends."""
    pulse, stop = Pulse(), threading.Event()

    def beat() -> None:
        n_beats = 0
        while not pulse.is_lost:
            n_beats += 1
            try:
                storage.set_trial_user_attr(trial_id, BEAT, n_beats)
            except Exception:  # it was taken for lost, or the database is gone for good: the main thread meets the same
                pulse.is_lost = True
            if stop.wait(database.beat_seconds):
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield pulse
    finally:
        stop.set()
        thread.join()


@dataclass
class Watch:
    """Tells which running attempts have fallen silent, from their beats at each look."""

    database: Database
    _seen: dict[int, tuple[Any, float]] = field(default_factory=dict)
    _last_look: float = field(default_factory=time.monotonic)

    def silent(self, running: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """Look once, and return the attempts whose beat has stood still for the grace period.

        A pause between two looks counts as no more than a few polls: while the database was away nobody could beat.
        """
        now = time.monotonic()
        passed = min(now - self._last_look, max(3 * self.database.poll_seconds, self.database.beat_seconds))
        self._last_look = now
        seen: dict[int, tuple[Any, float]] = {}
        for trial in running:
            beat = trial.user_attrs.get(BEAT)
            before, still_for = self._seen.get(id_of(trial), (beat, -passed))
            seen[id_of(trial)] = (beat, still_for + passed if beat == before else 0.0)
        self._seen = seen
        return [trial for trial in running if seen[id_of(trial)][1] > self.database.grace_seconds or owner_is_dead(trial)]


def fail_silent(storage: BaseStorage, watch: Watch, running: Sequence[FrozenTrial]) -> int:
    """Give up every attempt that has fallen silent; return how many."""
    silent = watch.silent(running)
    for trial in silent:
        give_up(storage, id_of(trial))
    return len(silent)
