"""The door of a shared run: who may work on it, who leads, and where its outcome is; all of it in one study of the database."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from emotune.errors import RunError
from emotune.files import sha256_of_file, short_hash
from evaluation.folds import HALVES
from evaluation.jobs import Budget
from runs.conditions import Conditions, differences, read_conditions
from runs.layout import RunFolder
from search.items import BEAT, Watch, add, attempts, fail_silent, finish, id_of, take, this_process
from search.plan import RunPlan, Shared
from search.storage import open_database
from search.study_plan import StudyPlan

CONDITIONS, FOLDER, HOST, MANIFEST, PROBE = "conditions", "folder", "host", "manifest", "probe"
OUTCOME = "outcome"


class Door:
    """What the database knows of a run as a whole.

    Parameters
    ----------
    plan : RunPlan
        What was asked for.
    conditions : mapping of str to Conditions
        Of each family that is fitted, here and now.
    """

    def __init__(self, plan: RunPlan, conditions: Mapping[str, Conditions]) -> None:
        assert plan.shared is not None
        self._plan, self._shared, self._conditions = plan, plan.shared, conditions
        self.storage = open_database(self._shared.database)
        self._watch = Watch(self._shared.database)
        asked = short_hash([plan.seed, plan.protocol, plan.emotions])
        self._name = f"emotune-{plan.corpus.key}-run-{asked}"
        digests = {key: of.digest for key, of in conditions.items()}
        self._identity = short_hash([digests, sorted(family.key for family in plan.families), plan.n_trials])
        self._n_outcomes = 0
        if plan.fresh:
            self._forget()
        self._study = self._open()

    def admit(self) -> Shared:
        """Check that this host works under the conditions of the run, and return what it shares with the others.

        Raises
        ------
        RunError
            If it does not.
        """
        here = attempts(self._study)
        for key, now in self._conditions.items():
            if f"{CONDITIONS}-{key}" not in here:
                add(self._study, f"{CONDITIONS}-{key}", content={CONDITIONS: asdict(now)})
        here = attempts(self._study)  # of hosts that begin at once the one that wrote first decides
        found: dict[str, list[str]] = {}
        for key, now in self._conditions.items():
            for difference in differences(read_conditions(here[f"{CONDITIONS}-{key}"].user_attrs[CONDITIONS]), now):
                found.setdefault(f"{difference} here", []).append(key)
        if found:
            said = "; ".join(
                f"{', '.join(keys) if len(keys) < len(self._conditions) else 'all'}: {one}" for one, keys in found.items()
            )
            raise RunError(
                f"Every host must work under the conditions of the run in {self._shared.database.address}, but it was begun with "
                f"{said}. Give this host the same recordings, code and versions; or begin anew under its own with --fresh, once no "
                "host is at work (what the others found stays in the database)."
            )
        return replace(self._shared, prefixes={key: self._prefix(key) for key in self._conditions})

    def outcome(self) -> FrozenTrial | None:
        """Return the item of the outcome if it is written."""
        found = attempts(self._study).get(self._outcome_key)
        return found if found is not None and found.state is TrialState.COMPLETE else None

    def outcome_before(self) -> FrozenTrial | None:
        """Return the item of an outcome that was written before this host came and can be read here.

        An outcome on another machine, or one whose folder is no more, is written again.
        """
        while (found := self.outcome()) is not None:
            if self.holds(found):
                return found
            self._n_outcomes += 1
        return None

    def holds(self, outcome: FrozenTrial) -> bool:
        """Return whether the folder of an outcome is here, and holds this run."""
        run = RunFolder(Path(outcome.user_attrs[FOLDER]))
        return run.is_complete and sha256_of_file(run.manifest) == outcome.user_attrs.get(MANIFEST)

    def lead(self) -> int | None:
        """Become the host that plans the work and writes the outcome, if there is none; return the attempt at it."""
        found = attempts(self._study).get(self._outcome_key)
        if found is not None and found.state is TrialState.RUNNING:
            fail_silent(self.storage, self._watch, [found])
            return None
        if found is None:
            add(self._study, self._outcome_key)
            found = attempts(self._study).get(self._outcome_key)
        is_free = found is not None and found.state is TrialState.WAITING
        return id_of(found) if found is not None and is_free and take(self.storage, found) else None

    def announce(self, leader: int, probe: str) -> None:
        """Tell the others by which artifact they can see that they have the same store."""
        self.storage.set_trial_user_attr(leader, PROBE, probe)

    def probe(self) -> str | None:
        """Return the artifact that the leading host has announced."""
        found = attempts(self._study).get(self._outcome_key)
        return found.user_attrs.get(PROBE) if found is not None and found.state is TrialState.RUNNING else None

    def close(self, leader: int) -> None:
        """Record that the outcome is written, and where."""
        self.storage.set_trial_user_attr(leader, FOLDER, str(self._plan.folder))
        self.storage.set_trial_user_attr(leader, MANIFEST, sha256_of_file(self._plan.run.manifest))
        self.storage.set_trial_user_attr(leader, HOST, this_process()["host"])
        finish(self.storage, leader)

    @property
    def _outcome_key(self) -> str:
        return f"{OUTCOME}-{self._identity}-{self._n_outcomes}"

    def _open(self) -> optuna.Study:
        return optuna.create_study(study_name=self._name, storage=self.storage, load_if_exists=True)

    def _prefix(self, key: str) -> str:
        """Return what the names of a family's studies begin with: its conditions, and whether it is a quick look.

        A quick look at what a full search has tuned under the same conditions takes up that search's trials, as in a journal.
        """
        full = self._prefix_of_all(key)
        if Budget.of(self._plan.n_trials) is Budget.FULL:
            return full
        names = {f"{full}{StudyPlan(key, half, 0, 0).name}" for half in HALVES}
        return full if names & set(optuna.get_all_study_names(self.storage)) else f"{full}quick-"

    def _prefix_of_all(self, key: str) -> str:
        return f"emotune-{self._plan.corpus.key}-{self._conditions[key].digest}-"

    def _forget(self) -> None:
        """Delete what was begun under this run's name and conditions, unless hosts are at work on it."""
        names = optuna.get_all_study_names(self.storage)
        if self._name in names and self._someone_is_at_work(self._open()):
            raise RunError(
                f"--fresh must not take the work from other hosts, but some are at work on this run in "
                f"{self._shared.database.address}; leave --fresh away to join them, or stop them first."
            )
        own = tuple(self._prefix_of_all(key) for key in self._conditions)
        for name in names:
            if name == self._name or name.startswith(own):
                optuna.delete_study(study_name=name, storage=self.storage)

    def _someone_is_at_work(self, study: optuna.Study) -> bool:
        """Watch the leaders of a run until one of them beats, or none is left."""
        watch, first = Watch(self._shared.database), dict[int, object]()
        while True:
            running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
            if any(first.setdefault(id_of(trial), trial.user_attrs.get(BEAT)) != trial.user_attrs.get(BEAT) for trial in running):
                return True
            if len(running) == fail_silent(self.storage, watch, running):
                return False
            time.sleep(self._shared.database.poll_seconds)
