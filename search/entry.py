"""Entering a run's folder: its journal is mended, what other conditions made is set aside, and what still holds is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import pandas as pd

from augment.codec import codecs_here, missing_codecs
from emotune.errors import EmotuneError, PredictionsError, RunError
from emotune.files import remove, remove_litter
from evaluation.dataset import Dataset
from leaderboard.adapted import read_adaptation
from leaderboard.robust import read_robustness
from leaderboard.table import read_leaderboard
from models import FAMILIES
from models.family import MEMBER_PROBABILITIES
from runs.aside import set_aside
from runs.champions import remove_stale_ensembles
from runs.conditions import Conditions, conditions_of, differences
from runs.layout import RunFolder
from runs.manifest import Manifest, read_manifest
from runs.reader import Run
from runs.work import WorkFolder
from search.journal import mend_journal
from search.plan import RunPlan
from search.study import forget_studies


@dataclass(frozen=True, eq=False)
class KeptFamily:
    """A family that an earlier command finished in this folder under the same conditions.

    Attributes
    ----------
    key : str
        Which.
    row : Series
        Its row of the leaderboard as recorded.
    predictions : DataFrame
        Its rows of ``predictions.csv`` as recorded.
    adapted : DataFrame
        Its rows of ``adaptation.csv`` as recorded.
    robust : DataFrame
        Its rows of ``robustness.csv`` as recorded.
    """

    key: str
    row: pd.Series
    predictions: pd.DataFrame
    adapted: pd.DataFrame
    robust: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Entry:
    """What a command finds when it enters a run's folder.

    Attributes
    ----------
    conditions : mapping of str to Conditions
        Of each family that is asked for, here and now.
    manifest : Manifest or None
        What is recorded of the families that are kept.
    kept : tuple of KeptFamily
        Families that are not asked for and keep their rows.
    """

    conditions: dict[str, Conditions]
    manifest: Manifest | None
    kept: tuple[KeptFamily, ...]


@dataclass(frozen=True)
class Change:
    """Why what an earlier command recorded of a family no longer holds.

    Attributes
    ----------
    reason : str
        What differs, with both values.
    trials_hold_under : Conditions or None
        The conditions here and now, if trials hold under them, since only evaluations are made otherwise; else None.
    """

    reason: str
    trials_hold_under: Conditions | None = None


def enter(plan: RunPlan, dataset: Dataset, *, say: Callable[[str], None]) -> Entry:
    """Make a run's folder ready for a command; the caller holds its lock.

    Parameters
    ----------
    plan : RunPlan
        What was asked for.
    dataset : Dataset
        The clips and folds.
    say : callable
        Takes each sentence that a person should read.

    Raises
    ------
    RunError
        If ensembles alone are asked for, and no family is there to be pooled.
    """
    run = plan.run
    run.path.mkdir(parents=True, exist_ok=True)
    for place in (run.path, run.models, run.work):
        remove_litter(place)
    if sentence := mend_journal(run.journal):
        say(sentence)
    if missing := missing_codecs():
        say(
            f"PyAV has no encoder for {', '.join(missing)} here ({codecs_here()}): augmentations do without, and uar_robust stays "
            "empty if the test suite needs it."
        )
    asked = {family.key: conditions_of(family, dataset, seed=plan.seed, objective=plan.objective) for family in plan.fitted_families}
    if plan.fresh:
        _forget(list(asked), run)
    manifest = _read_manifest(run)
    changed = _changed(asked, manifest, plan, dataset)
    if changed:
        manifest = _set_aside(changed, manifest, run, say=say)
    kept = _kept(asked, manifest, run, say=say)
    if not asked and not kept:
        named = ", ".join(family.key for family in plan.families)
        raise RunError(f"An ensemble pools other families, but {run.path} has none and only {named} is asked for; name others too.")
    return Entry(asked, manifest, kept)


def _changed(asked: dict[str, Conditions], manifest: Manifest | None, plan: RunPlan, dataset: Dataset) -> dict[str, Change]:
    """Return the families whose recorded results no longer hold."""
    run = plan.run
    if manifest is None:
        return {"": Change("its conditions were not recorded")} if run.journal.exists() or run.leaderboard.exists() else {}
    changed = {}
    for key, then in manifest.conditions.items():
        if key in FAMILIES and FAMILIES[key].input_kind == MEMBER_PROBABILITIES:
            continue
        try:
            now = asked.get(key) or conditions_of(
                FAMILIES[key], dataset, seed=plan.seed, run_folder=run.path, objective=plan.objective
            )
            if found := differences(then, now):
                trials_hold = then is not None and not differences(then.of_trials, now.of_trials)
                changed[key] = Change(", ".join(found), now if trials_hold else None)
        except EmotuneError as error:  # a family of another version, or an encoder that is not here
            changed[key] = Change(str(error))
    return changed


def _set_aside(
    changed: dict[str, Change], manifest: Manifest | None, run: RunFolder, *, say: Callable[[str], None]
) -> Manifest | None:
    """Set the older run aside, and return what is recorded of the families that still hold."""
    holding = [key for key in (manifest.conditions if manifest else ()) if key not in changed and _is_fitted(key)]
    reasons = "; ".join(dict.fromkeys(change.reason for change in changed.values()))
    evaluated_anew = {key: change.trials_hold_under for key, change in changed.items() if change.trials_hold_under}
    aside = set_aside(run, keep=bool(holding or evaluated_anew))
    run.path.mkdir(parents=True, exist_ok=True)
    if not (holding or evaluated_anew):
        say(f"The earlier run in {run.path} was made with {reasons}; it is kept whole in {aside.name}, and this one starts anew.")
        return None
    anew = [key for key in changed if key not in evaluated_anew]
    parts = ((evaluated_anew, "keep their trials and are evaluated anew"), (anew, "start anew"))
    then = [f"{', '.join(keys) if anew and evaluated_anew else 'they'} {what}" for keys, what in parts if keys]
    say(f"{', '.join(changed)} in {run.path}: made with {reasons}; the earlier run is kept in {aside.name}, and {', '.join(then)}.")
    _forget(anew, run)
    return _forget_evaluations(evaluated_anew, run)


def _forget(keys: Sequence[str], run: RunFolder) -> None:
    """Remove what some families' earlier commands left, and nothing else; the manifest first, so that a kill leaves no row behind."""
    manifest = _read_manifest(run)
    if manifest is not None:
        manifest.without(keys).write(run.manifest)
    forget_studies(keys, run)
    for key in keys:
        WorkFolder(run).forget(key)
        remove(run.champion(key))
    remove_stale_ensembles(run.models)


def _forget_evaluations(now: Mapping[str, Conditions], run: RunFolder) -> Manifest | None:
    """Remove what followed from some families' trials, and record that these hold under today's conditions.

    Evaluations stay, since their files are named by their conditions: those that still hold are found again.
    """
    manifest = _read_manifest(run)
    if manifest is not None and now:
        left = manifest.without(list(now))
        manifest = replace(left, conditions={**left.conditions, **now})
        manifest.write(run.manifest)
        for key in now:
            remove(run.champion(key))
        remove_stale_ensembles(run.models)
    return manifest


def _kept(
    asked: dict[str, Conditions], manifest: Manifest | None, run: RunFolder, *, say: Callable[[str], None]
) -> tuple[KeptFamily, ...]:
    if manifest is None or not run.leaderboard.exists():  # an earlier command ended before its first row
        return ()
    try:
        rows = read_leaderboard(run.leaderboard).set_index("family")
        adapted, robust = read_adaptation(run.adaptation), read_robustness(run.robustness)
    except PredictionsError as error:
        say(f"{error} The rows of families that are not named now are left out; what they need to come back lies in {run.work}.")
        return ()
    finished = {key for key in manifest.configurations if run.champion(key).is_dir()}
    keys = [key for key in rows.index if key not in asked and key in manifest.conditions and key in finished and _is_fitted(key)]
    predictions = _whole_predictions(keys, run)
    if damaged := [key for key in keys if key not in predictions]:
        say(
            f"{run.predictions} must have a row of {', '.join(damaged)} for each of {manifest.n_clips} clips, but has not; what they "
            f"need to come back lies in {run.work}: name them with --families."
        )
    return tuple(
        KeptFamily(key, rows.loc[key], predictions[key], adapted[adapted["family"] == key], robust[robust["family"] == key])
        for key in keys
        if key in predictions
    )


def _whole_predictions(keys: Sequence[str], run: RunFolder) -> dict[str, pd.DataFrame]:
    """Return the recorded predictions of those families that have all of theirs."""
    reader, found = Run(run), {}
    for key in keys:
        with suppress(PredictionsError):
            found[key] = reader.predictions_of(key)
    return found


def _is_fitted(key: str) -> bool:
    return key in FAMILIES and FAMILIES[key].input_kind != MEMBER_PROBABILITIES


def _read_manifest(run: RunFolder) -> Manifest | None:
    try:
        return read_manifest(run.manifest)
    except PredictionsError:
        return None
