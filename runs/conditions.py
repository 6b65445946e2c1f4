"""Conditions: what a family's trials, evaluations and champion depend on. One function answers whether two are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from augment.codec import codecs_here
from emotune.files import PROJECT_ROOT, short_hash
from emotune.sources import code_hash, file_of, files_behind
from emotune.versions import library_versions, major_versions
from evaluation.dataset import Dataset
from evaluation.objective import Objective
from features import INPUT_KINDS, InputKind
from features.store import LIBRARIES, extraction_sources
from models import Family
from models.family import MEMBER_PROBABILITIES

UNTUNED = "none"
"""Objective of a family with nothing to tune."""
SAMPLER_LIBRARY = "optuna"
TUNING_MODULES = ("search/drawing", "search/racing", "search/trial")
"""What decides which configurations are tried, and how they are scored."""
EVALUATING_MODULES = ("evaluation/held_out", "evaluation/objective", "evaluation/result")
"""What decides how the best configurations are evaluated."""
ADAPTING_MODULES = ("evaluation/adaptation_fit",)
"""What decides what is learnt from evaluations about speakers."""
DECIDING_PACKAGES = ("evaluation", "metrics", "models")
"""Where the modules above may import from: what they use of it counts as well."""


@dataclass(frozen=True)
class Conditions:
    """What a family's results depend on.

    Attributes
    ----------
    data, folds : str
        Hashes of the clips with their speakers and emotions, and of the outer folds.
    features, code : str
        Hashes of the input and the code that computes it, and of the family's own code and what it imports from ``models`` and
        ``metrics``.
    tuning, protocol, adaptation : str
        Hashes of the code that tunes, of that which evaluates, and of that which learns from evaluations about speakers. Trials
        depend on the first alone, evaluations on the first two.
    libraries : mapping of str to str
        First two numbers of the version of each library that decides what is computed: those behind models, behind the input, and
        the one that draws trials.
    seed : int
        Of the run.
    objective : str
        A value of :class:`evaluation.objective.Objective`, or :data:`UNTUNED`.
    codecs : str
        Which codecs augmentations and the test suite have (:func:`augment.codec.codecs_here`).
    """

    data: str
    folds: str
    features: str
    code: str
    protocol: str
    libraries: Mapping[str, str]
    seed: int
    # Runs before 2026-12 recorded neither: they were tuned on clean clips, and used no codec.
    objective: str = Objective.CLEAN.value
    codecs: str = "none"
    # Runs before 0.7 recorded one hash for all three stages, as the protocol's.
    tuning: str = ""
    adaptation: str = ""

    @property
    def digest(self) -> str:
        """A short hash of what evaluations depend on."""
        return short_hash({**asdict(self), "adaptation": ""})

    @property
    def of_trials(self) -> Conditions:
        """What trials depend on, the rest being empty."""
        return replace(self, protocol="", adaptation="")


def conditions_of(
    family: Family,
    dataset: Dataset,
    *,
    seed: int,
    run_folder: Path | None = None,
    objective: Objective = Objective.EVERYDAY,
) -> Conditions:
    """Return the conditions of a family here and now.

    Parameters
    ----------
    family : Family
        Whose.
    dataset : Dataset
        The clips and folds.
    seed : int
        Of the run.
    run_folder : Path, optional
        A run's folder whose own encoder is looked at, so that nothing is fetched.
    objective : Objective
        What tuning maximises.
    """
    return Conditions(
        data=dataset.data_hash,
        folds=dataset.folds_hash,
        features=_features_of(family, run_folder),
        code=code_hash(files_behind(file_of(type(family)), within=("models", "metrics"))),
        tuning=code_hash(sources_of(TUNING_MODULES)),
        protocol=code_hash(sources_of(EVALUATING_MODULES)),
        adaptation=code_hash(sources_of(ADAPTING_MODULES)),
        libraries=major_versions(library_versions((*_input_libraries(family), SAMPLER_LIBRARY))),
        seed=seed,
        objective=objective.value if family.is_tuned else UNTUNED,
        codecs=codecs_here(),
    )


def sources_of(modules: Sequence[str]) -> tuple[Path, ...]:
    """Return the files of some modules that decide the scores of every family, whatever its own code, with what they import."""
    paths = [PROJECT_ROOT / f"{name}.py" for name in modules]
    return tuple(sorted({path for module in paths for path in files_behind(module, within=DECIDING_PACKAGES)}))


def differences(then: Conditions | None, now: Conditions) -> tuple[str, ...]:
    """Return what differs between the conditions of an earlier run and those of this one; nothing if they are the same.

    Parameters
    ----------
    then : Conditions or None
        Of the earlier run; None where it did not record them.
    now : Conditions
        Of this run.

    Returns
    -------
    tuple of str
        One phrase a difference, with both values.
    """
    if then is None:
        return ("its conditions were not recorded",)
    hashes = [
        f"{words} {getattr(then, name)} instead of {getattr(now, name)}"
        for name, words in WORDS.items()
        if getattr(then, name) != getattr(now, name)
    ]
    libraries = [
        f"{name} {then.libraries.get(name, 'not installed')} instead of {now.libraries.get(name, 'not installed')}"
        for name in sorted({*then.libraries, *now.libraries})
        if then.libraries.get(name) != now.libraries.get(name)
    ]
    return (*hashes, *libraries)


WORDS = {
    **{"data": "data", "folds": "folds", "features": "features", "code": "code", "tuning": "tuning code"},
    **{"protocol": "protocol code", "adaptation": "adaptation code"},
    **{"seed": "seed", "objective": "objective", "codecs": "codecs"},
}


def read_conditions(values: Any) -> Conditions | None:
    """Return conditions as a manifest holds them; None if they are absent or of another kind."""
    try:
        return Conditions(**values)
    except TypeError:
        return None


def _input_libraries(family: Family) -> tuple[str, ...]:
    return () if family.input_kind == MEMBER_PROBABILITIES else (*LIBRARIES, *INPUT_KINDS[family.input_kind].libraries)


def _features_of(family: Family, run_folder: Path | None) -> str:
    if family.input_kind == MEMBER_PROBABILITIES:
        return MEMBER_PROBABILITIES
    kind: InputKind = INPUT_KINDS[family.input_kind]
    kind = kind if run_folder is None else kind.kept_in(run_folder)
    return f"{kind.fingerprint}-{code_hash(extraction_sources(kind))}"
