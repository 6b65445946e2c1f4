"""Entering a run's folder: its journal is mended, what other conditions made is set aside, and what still holds is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from augment.codec import codecs_here, missing_codecs
from emotune.errors import EmotuneError, PredictionsError, RunError
from emotune.files import remove, remove_litter
from evaluation.dataset import Dataset
from leaderboard.adapted import read_adaptation
from leaderboard.robust import read_robustness
from leaderboard.table import read_leaderboard
from metrics.predictions import read_predictions
from models import FAMILIES
from models.family import MEMBER_PROBABILITIES
from runs.aside import set_aside
from runs.champions import remove_stale_ensembles
from runs.conditions import Conditions, conditions_of, differences
from runs.layout import RunFolder
from runs.manifest import Manifest, read_manifest
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
    kept = _kept(asked, manifest, run)
    if not asked and not kept:
        named = ", ".join(family.key for family in plan.families)
        raise RunError(f"An ensemble pools other families, but {run.path} has none and only {named} is asked for; name others too.")
    return Entry(asked, manifest, kept)


def _changed(asked: dict[str, Conditions], manifest: Manifest | None, plan: RunPlan, dataset: Dataset) -> dict[str, str]:
    """Return the families whose recorded results no longer hold, with what differs."""
    run = plan.run
    if manifest is None:
        return {"": "its conditions were not recorded"} if run.journal.exists() or run.leaderboard.exists() else {}
    changed = {}
    for key, then in manifest.conditions.items():
        if key in FAMILIES and FAMILIES[key].input_kind == MEMBER_PROBABILITIES:
            continue
        try:
            now = asked.get(key) or conditions_of(
                FAMILIES[key], dataset, seed=plan.seed, run_folder=run.path, objective=plan.objective
            )
            found = differences(then, now)
        except EmotuneError as error:  # a family of another version, or an encoder that is not here
            found = (str(error),)
        if found:
            changed[key] = ", ".join(found)
    return changed


def _set_aside(changed: dict[str, str], manifest: Manifest | None, run: RunFolder, *, say: Callable[[str], None]) -> Manifest | None:
    """Set the older run aside, and return what is recorded of the families that still hold."""
    holding = [key for key in (manifest.conditions if manifest else ()) if key not in changed and _is_fitted(key)]
    reasons = "; ".join(dict.fromkeys(changed.values()))
    aside = set_aside(run, keep=bool(holding))
    run.path.mkdir(parents=True, exist_ok=True)
    if not holding:
        say(f"The earlier run in {run.path} was made with {reasons}; it is kept whole in {aside.name}, and this one starts anew.")
        return None
    say(f"{', '.join(changed)} in {run.path}: made with {reasons}; the earlier run is kept in {aside.name}, and they start anew.")
    _forget(list(changed), run)
    return _read_manifest(run)


def _forget(keys: Sequence[str], run: RunFolder) -> None:
    """Remove what some families' earlier commands left, and nothing else; the manifest first, so that a kill leaves no row behind."""
    manifest = _read_manifest(run)
    if manifest is not None:
        manifest.without(keys).write(run.manifest)
    for key in keys:
        forget_studies(key, run)
        WorkFolder(run).forget(key)
        remove(run.champion(key))
    remove_stale_ensembles(run.models)


def _kept(asked: dict[str, Conditions], manifest: Manifest | None, run: RunFolder) -> tuple[KeptFamily, ...]:
    if manifest is None:
        return ()
    try:
        rows = read_leaderboard(run.leaderboard).set_index("family")
        predictions, adapted = read_predictions(run.predictions), read_adaptation(run.adaptation)
        robust = read_robustness(run.robustness)
    except PredictionsError:  # an earlier command ended before its first row
        return ()
    finished = {key for key in manifest.configurations if run.champion(key).is_dir()}
    keys = [key for key in rows.index if key not in asked and key in manifest.conditions and key in finished and _is_fitted(key)]
    return tuple(
        KeptFamily(key, rows.loc[key], *(table[table["family"] == key] for table in (predictions, adapted, robust))) for key in keys
    )


def _is_fitted(key: str) -> bool:
    return key in FAMILIES and FAMILIES[key].input_kind != MEMBER_PROBABILITIES


def _read_manifest(run: RunFolder) -> Manifest | None:
    try:
        return read_manifest(run.manifest)
    except PredictionsError:
        return None
