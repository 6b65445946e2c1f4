"""The manifest of a run: ``run.json``, typed. What a run did not record is None here and "not recorded" in the file."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from emotune import __version__
from emotune.errors import PredictionsError
from emotune.files import PROJECT_ROOT, json_text, write_json
from emotune.versions import library_versions
from evaluation.adaptation import Adaptations
from evaluation.folds import TestedOn
from evaluation.voices import Adaptation
from runs.conditions import Conditions, read_conditions
from runs.field_types import require_types

SCHEMA = 2
NOT_RECORDED = "not recorded"
Numbers = Mapping[str, float]
BY_FAMILY = (
    *("family_seconds", "trials", "configurations", "tuning_uar", "temperatures", "thresholds", "adaptation", "budgets"),
    "conditions",
)
"""The attributes of a manifest that are mappings by family."""


@dataclass(frozen=True)
class Manifest:
    """What a run's folder holds and how it was made.

    Attributes
    ----------
    corpus, title, licence, reference : str
        The corpus: its key, its name for people, the licence of what learnt from it, where it is described.
    is_real : bool or None
        False for speech made by code; None where nothing tells.
    speakers_known : bool
        False if nobody said who speaks; no figure is then for unseen speakers.
    emotions : tuple of str
        In the order of every probability vector.
    is_complete : bool
        False while a family of the command is still being tuned or evaluated.
    emotune, commit : str or None
        Version of this program, and the commit of its checkout.
    versions : mapping of str to str
        Of Python and the libraries.
    command, started, finished : str or None
        As typed; ISO 8601 in UTC.
    seconds_of_last_command : float or None
        Wall time of the command that wrote this.
    family_seconds : mapping
        By family: time of one core spent on ``trials``, on the ``features`` that they asked for and on ``evaluations``, over all
        commands.
    seed, n_jobs, cores : int or None
        Of all randomness; worker processes; of the machine.
    timeout_seconds : float or None
        After which no further trial began.
    protocol : mapping
        ``name``, ``test_speakers`` of each fold, ``folds_hash``.
    trials, configurations, tuning_uar : mapping
        By family and half: how many, the best configuration as it was evaluated, its inner score.
    temperatures, thresholds : mapping of str to float
        By family: the champion's temperature and its abstention threshold.
    adaptation : mapping
        By family: the constants of its adaptation to a speaker, the champion's as ``shipped`` and those of each test fold as
        ``folds`` (:class:`evaluation.adaptation.Adaptations`). Runs before 2026-12 recorded none.
    objective : str or None
        What tuning maximised, a value of :class:`evaluation.objective.Objective`; ``tuning_uar`` is its mean. Runs before 2026-12
        recorded none: theirs was ``clean``.
    budgets : mapping of str to str
        By family: a value of :class:`evaluation.jobs.Budget`.
    conditions : mapping of str to Conditions or None
        By family: under which conditions its row was made.
    data_hash : str
        Of the clips with their speakers and emotions.
    n_clips, n_speakers : int or None
        How many.
    skipped, duplicates : sequence
        (name, reason) of bad files, (dropped, kept) names of duplicates.
    notes : sequence of str
        What was said about the recordings.
    features : mapping of str to str
        Fingerprint of each input kind.
    """

    corpus: str
    title: str
    is_real: bool | None
    speakers_known: bool = True
    emotions: tuple[str, ...] = ()
    licence: str | None = None
    reference: str | None = None
    is_complete: bool = True
    emotune: str | None = None
    commit: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    command: str | None = None
    started: str | None = None
    finished: str | None = None
    seconds_of_last_command: float | None = None
    family_seconds: Mapping[str, Numbers] = field(default_factory=dict)
    seed: int | None = None
    n_jobs: int | None = None
    cores: int | None = None
    timeout_seconds: float | None = None
    protocol: Mapping[str, Any] = field(default_factory=dict)
    trials: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    configurations: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    tuning_uar: Mapping[str, Numbers] = field(default_factory=dict)
    temperatures: Numbers = field(default_factory=dict)
    thresholds: Numbers = field(default_factory=dict)
    adaptation: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    objective: str | None = None
    budgets: Mapping[str, str] = field(default_factory=dict)
    conditions: Mapping[str, Conditions | None] = field(default_factory=dict)
    data_hash: str = ""
    n_clips: int | None = None
    n_speakers: int | None = None
    skipped: Sequence[Sequence[str]] = ()
    duplicates: Sequence[Sequence[str]] = ()
    notes: Sequence[str] = ()
    features: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA

    def without(self, families: Collection[str]) -> Manifest:
        """Return what is recorded of all but some families."""
        left: dict[str, Any] = {name: {k: v for k, v in getattr(self, name).items() if k not in families} for name in BY_FAMILY}
        return replace(self, **left)

    def adaptation_of(self, family: str) -> Adaptation:
        """Return the constants with which a family's champion adapts to a speaker; the default ones where none are recorded.

        Raises
        ------
        PredictionsError
            If what is recorded is damaged.
        """
        recorded = self.adaptation.get(family)
        return Adaptations.from_json(recorded).shipped if recorded else Adaptation.default(self.emotions)

    @property
    def tested_on(self) -> TestedOn:
        """Whom the figures are for."""
        if not self.speakers_known:
            return TestedOn.UNKNOWN_SPEAKERS
        return TestedOn(self.protocol.get("tested_on", TestedOn.UNSEEN_SPEAKERS))

    @property
    def digest(self) -> str:
        """The first digits of the SHA-256 of ``run.json``, which each row of the leaderboard repeats."""
        return sha256(json_text(self.to_json()).encode()).hexdigest()[:12]

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``run.json``."""
        content = {**asdict(self), "emotions": list(self.emotions)}
        kept_empty = {"timeout_seconds"}
        return {name: NOT_RECORDED if value is None and name not in kept_empty else value for name, value in content.items()}

    def write(self, path: Path) -> None:
        """Write ``run.json`` whole."""
        write_json(path, self.to_json())


def read_manifest(path: Path) -> Manifest:
    """Read ``run.json``.

    Raises
    ------
    PredictionsError
        If it is missing, damaged, or written by a newer version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        known = {entry.name for entry in fields(Manifest)}
        values = {name: value for name, value in content.items() if name in known and value != NOT_RECORDED}
        schema = values.get("schema", SCHEMA)
        if isinstance(schema, int) and schema > SCHEMA:  # whose fields may be of other types
            raise PredictionsError(f"{path}: this version reads manifests up to schema {SCHEMA}, got {schema}; update emotune.")
        require_types(values, Manifest, but=("conditions",))
        values["emotions"] = tuple(values.get("emotions", ()))
        values["conditions"] = {key: read_conditions(value) for key, value in values.get("conditions", {}).items()}
        named = {"corpus": path.parent.name, "title": values.get("corpus", path.parent.name), "is_real": None}
        tested_on = values.get("protocol", {}).get("tested_on", TestedOn.UNSEEN_SPEAKERS)
        if tested_on not in list(TestedOn):
            raise ValueError(f"tested_on must be one of {', '.join(TestedOn)}, got {tested_on!r}")
        return Manifest(**{**named, **values})
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise PredictionsError(f"{path} must be the manifest that search/run.py writes, but: {error}; run it again.") from error


def this_program() -> dict[str, Any]:
    """Return what a manifest records of the program and the machine that ran it."""
    return {
        "emotune": __version__,
        "commit": commit_of(PROJECT_ROOT),
        "versions": {"python": platform.python_version(), **library_versions()},
        "cores": os.cpu_count(),
    }


def commit_of(checkout: Path) -> str | None:
    """Return the commit of a checkout, marked if files differ from it; None where there is no checkout or no git."""
    if not (checkout / ".git").exists():
        return None
    try:
        git = ["git", "-C", str(checkout)]
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit} with changes" if changed else commit
