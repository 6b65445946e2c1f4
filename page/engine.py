"""The engine: every champion of a result, loaded once, predicting clips side by side.

Champions load behind a lock, in the background if :meth:`Engine.warm_up` was called. One that is missing, damaged or made for
another version keeps its place with the reason, and the rest works. Predicting needs no lock: models are only read.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from audio.notes import NoteKind
from corpora.emotions import RAVDESS_EMOTIONS
from emotune.errors import ChampionError, EmotuneError, RequestError, UnknownKeyError
from features import INPUT_KINDS, Analysis
from leaderboard.best import REFERENCES, best_row
from leaderboard.table import read_leaderboard
from models import FAMILIES
from models.ood import UNLEARNT_SPEECH_LIMIT, OODDetector, load_ood_detector
from page.judgement import Judgement, judge
from page.measures import held_share
from runs.champions import Champion, load_champion
from runs.manifest import Manifest
from runs.reader import Run

ENSEMBLE = "ensemble"
N_CLIPS_AT_ONCE = 16
RETRY_SECONDS = 60.0
"""A champion that failed while predicting is left out for so long."""
WITHOUT_MANIFEST = (
    "Until then nothing here tells whether the models learnt from people, for whom their figures are, and below which confidence an "
    "answer is unsure."
)
WITHOUT_DETECTOR = "Until then no recording is compared with the training speech, and no answer is sure."


@dataclass(frozen=True, eq=False)
class Member:
    """A family's place on the page.

    Attributes
    ----------
    key, title : str
        Its name in files and for people.
    uar : float or None
        What it is worth on unseen speakers, a fraction.
    abstention_threshold : float or None
        Confidence below which its prediction is called unsure; chosen on inner predictions.
    champion : Champion or None
        The model, if it could be loaded.
    problem : str
        Why it could not.
    """

    key: str
    title: str
    uar: float | None = None
    abstention_threshold: float | None = None
    champion: Champion | None = None
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Every family's probabilities for some clips, and what the clips are like.

    Attributes
    ----------
    probabilities : mapping of str to ndarray [shape=(n, n_emotions)]
        By family, best first.
    held_share : ndarray [shape=(n,)]
        Share of each clip in which pitch or spectrum is held as in music.
    ood_score : ndarray [shape=(n,)] or None
        How unlike the training speech each clip is; about 1 % of new speakers' clips exceed 1. None if the result has no detector.
    ood_limit : float
        The score above which a clip is out of distribution.
    """

    probabilities: Mapping[str, NDArray[np.float64]]
    held_share: NDArray[np.float64]
    ood_score: NDArray[np.float64] | None
    ood_limit: float = UNLEARNT_SPEECH_LIMIT

    def judge(self, samples: NDArray[np.float32], *, rows: slice = slice(None), noted: Collection[NoteKind] = ()) -> Judgement:
        """Judge a recording by all of the clips, or some, which were cut from it.

        Parameters
        ----------
        samples : ndarray [shape=(n,), dtype=float32]
            The recording.
        rows : slice
            Which clips.
        noted : collection of NoteKind
            What the loader's notes already tell.
        """
        ood_score = None if self.ood_score is None else float(np.median(self.ood_score[rows]))
        held = float(self.held_share[rows].mean())
        return judge(samples, held=held, ood_score=ood_score, ood_limit=self.ood_limit, noted=noted)


def title_of(family: str) -> str:
    """Return a family's name for people, or its key if this version does not know it."""
    return FAMILIES[family].title if family in FAMILIES else family


def known(scores: Mapping[Any, Any], name: str) -> float | None:
    """Return a figure of a row of the leaderboard; None where it was not measured."""
    value = scores.get(name)
    return None if pd.isna(value) else float(value)


def named(emotions: Sequence[str], probabilities: NDArray[np.float64]) -> dict[str, float]:
    """Return a clip's probabilities by emotion, as they are shown and sent: with four decimals."""
    return {emotion: round(float(p), 4) for emotion, p in zip(emotions, probabilities, strict=True)}


def rank(members: Sequence[Member]) -> tuple[Member, ...]:
    """Order families: the best, the ensemble, the others by UAR, then those that did not load."""
    ranked = sorted(members, key=lambda member: (member.champion is None, -(member.uar or 0), member.key))
    best = ranked[:1]
    ensembles = [member for member in ranked[1:] if member.key == ENSEMBLE and member.champion]
    return (*best, *ensembles, *(member for member in ranked[1:] if member not in ensembles))


class Engine:
    """The champions of one result.

    Parameters
    ----------
    results : Path
        Folder with ``models/<family>/``, and, where a run left them, ``leaderboard.csv``, ``predictions.csv``, ``run.json`` and
        ``ood.npz``.
    """

    def __init__(self, results: Path) -> None:
        self.run = Run.at(results)
        self._lock = threading.RLock()
        self._faults: dict[str, tuple[float, str]] = {}

    @property
    def manifest(self) -> Manifest:
        """What was run on what."""
        return self.run.manifest

    @property
    def is_real(self) -> bool | None:
        """Whether the models learnt from recordings of people; None where nothing tells."""
        return self.manifest.is_real

    @property
    def corpus_title(self) -> str:
        """The corpus's name for people."""
        return self.manifest.title

    @property
    def board(self) -> pd.DataFrame | None:
        """The leaderboard, if there is a readable one."""
        return self._board[0]

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """What is missing or damaged beside the champions, and what follows from that, a sentence or two each."""
        detector = self._detector[1] if self.run.families else ""
        found = (
            (self.run.manifest_problem, WITHOUT_MANIFEST),
            (self._board[1], ""),
            (detector, WITHOUT_DETECTOR),
        )
        return tuple(f"{reason} {what_follows}".rstrip() for reason, what_follows in found if reason)

    @property
    def members(self) -> tuple[Member, ...]:
        """Every family of the result but the references, in the order of :func:`rank`."""
        with self._lock:
            return self._without_faulty(self._members)

    @property
    def ready(self) -> tuple[Member, ...]:
        """The families that predict now."""
        return tuple(member for member in self.members if member.champion)

    @property
    def loaded(self) -> tuple[Member, ...]:
        """The families that could be loaded, those that failed lately too: what is known of a voice does not depend on a fault."""
        with self._lock:
            return tuple(member for member in self._members if member.champion)

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions, in the order of every probability vector."""
        if self.manifest.emotions:
            return self.manifest.emotions
        if self.board is not None:
            return tuple(name.removeprefix("f1_") for name in self.board.columns if name.startswith("f1_"))
        return next((member.champion.card.emotions for member in self.members if member.champion), RAVDESS_EMOTIONS)

    @property
    def ood_detector(self) -> OODDetector | None:
        """The out-of-distribution detector of the training speech, if the result has one."""
        return self._detector[0]

    def warm_up(self) -> threading.Thread:
        """Load everything in the background, each champion predicting a made-up clip; return the thread."""
        thread = threading.Thread(target=lambda: (self.members, self.ood_detector), name="warm-up", daemon=True)
        thread.start()
        return thread

    def predict(self, clips: Sequence[NDArray[np.float32]], *, families: Collection[str] | None = None) -> Predictions:
        """Let every family, or some, predict clips; the analysis of a clip is shared by all of them.

        Parameters
        ----------
        clips : sequence of ndarray [shape=(n,), dtype=float32]
            Mono audio at ``SAMPLE_RATE_HZ``; at least one.
        families : collection of str, optional
            Which families; an ensemble asks its members.

        Raises
        ------
        RequestError
            If no family could be loaded.
        UnknownKeyError
            If one of ``families`` is not among those that predict.
        """
        ready = [member.key for member in self.ready]
        if not ready:
            raise RequestError(
                f"No champion of {self.manifest.title} could be loaded; the page says why, and a search makes new ones."
            )
        for key in families or ():
            if key not in ready:
                raise UnknownKeyError("family", key, ready)
        asked = ready if families is None else [key for key in ready if key in families]
        starts = range(0, len(clips), N_CLIPS_AT_ONCE)
        parts = [self._predict(clips[start : start + N_CLIPS_AT_ONCE], asked) for start in starts]
        answered = [key for key in asked if all(key in part.probabilities for part in parts)]
        if not answered:
            problems = "; ".join(member.problem for member in self.members if member.key in asked)
            raise RequestError(f"No family that was asked could predict: {problems or 'see the page'}. Choose another family.")
        return Predictions(
            {key: np.concatenate([part.probabilities[key] for part in parts]) for key in answered},
            np.concatenate([part.held_share for part in parts]),
            None if self.ood_detector is None else np.concatenate([part.ood_score for part in parts if part.ood_score is not None]),
            UNLEARNT_SPEECH_LIMIT if self.ood_detector is None else self.ood_detector.speech_limit.score,
        )

    def _predict(self, clips: Sequence[NDArray[np.float32]], asked: Sequence[str]) -> Predictions:
        analyses = [Analysis(clip) for clip in clips]
        ready = {member.key: member.champion for member in self.ready if member.champion}
        needed = {*asked, *(key for one in asked if one in ready for key in ready[one].members)}
        champions = {key: champion for key, champion in ready.items() if key in needed}
        inputs: dict[str, list[NDArray[Any]]] = {}
        predictions: dict[str, NDArray[np.float64]] = {}
        for key, champion in sorted(champions.items(), key=lambda item: len(item[1].members)):
            if not predictions.keys() >= set(champion.members):
                continue
            try:
                if champion.members:
                    inputs_of = list(np.stack([predictions[member] for member in champion.members], axis=1))
                else:
                    kind = champion.card.input_kind
                    inputs_of = inputs[kind] = inputs[kind] if kind in inputs else champion.extract(analyses)
                predictions[key] = champion.predict_inputs(inputs_of)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a panic of compiled code is no Exception
                self._note_fault(key, error)
        ood_score = None
        if self.ood_detector is not None:
            functionals = INPUT_KINDS["functionals"]
            vectors = inputs.get(functionals.key) or [functionals.extract(analysis) for analysis in analyses]
            ood_score = np.array([self.ood_detector.score(vector) for vector in vectors])
        held = np.array([held_share(analysis) for analysis in analyses])
        return Predictions({key: predictions[key] for key in asked if key in predictions}, held, ood_score)

    def _note_fault(self, key: str, error: BaseException) -> None:
        with self._lock:
            self._faults[key] = time.monotonic(), self._reason(key, error)

    def _reason(self, key: str, error: BaseException) -> str:
        """Return what is wrong with a champion, naming no folder of this machine."""
        words = str(error) if isinstance(error, EmotuneError) else f"{key}: {type(error).__name__}: {error}".rstrip(": ")
        folder = self.run.folder
        for place in (folder.models, folder.path):  # of other champions too, of which an ensemble is made
            words = words.replace(f"{place}{os.sep}", "")
        return words

    def _without_faulty(self, members: tuple[Member, ...]) -> tuple[Member, ...]:
        """Grey out what failed lately; after a while it is tried again."""
        now = time.monotonic()
        faults = {key: words for key, (at, words) in self._faults.items() if now - at < RETRY_SECONDS}
        if not faults:
            return members
        left = [replace(one, champion=None, problem=faults[one.key]) if one.key in faults else one for one in members]
        ready = {member.key for member in left if member.champion}
        return rank([_with_its_members(member, ready) for member in left])

    @cached_property
    def voice_helps(self) -> bool:
        """Whether the best family lost nothing by earlier clips of people who show few emotions; yes where that was not measured."""
        scores = {} if self.board is None else best_row(self.board) or {}
        alone, adapted = known(scores, "uar"), known(scores, "uar_adapted_skewed")
        return alone is None or adapted is None or adapted >= alone

    @cached_property
    def _members(self) -> tuple[Member, ...]:
        scores = {} if self.board is None else self.board.set_index("family").to_dict("index")
        found = [self._load(key, scores.get(key, {})) for key in sorted({*self.run.families, *map(str, scores)} - REFERENCES)]
        ready = {member.key for member in found if member.champion}
        return rank([_with_its_members(member, ready) for member in found])

    def _load(self, key: str, scores: Mapping[Any, Any]) -> Member:
        member = Member(
            key,
            title_of(key),
            uar=known(scores, "uar"),
            abstention_threshold=known(self.manifest.thresholds, key),
        )
        folder = self.run.folder.champion(key)
        try:
            champion = load_champion(folder)
            self._check_emotions(champion)
            if not champion.members:  # an input may need what is not here, and the first prediction is the slow one
                champion.predict([Analysis(_buzz())])
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever is wrong with one champion, the others work
            return replace(member, problem=self._reason(key, error))
        return replace(member, champion=champion)

    def _check_emotions(self, champion: Champion) -> None:
        expected, found = self.emotions if self.board is not None else champion.card.emotions, champion.card.emotions
        if found != expected:
            raise ChampionError(
                f"{champion.card.family}: its emotions must be the leaderboard's ({', '.join(expected)}), got {', '.join(found)}; "
                f"refit it on this corpus."
            )

    @cached_property
    def _board(self) -> tuple[pd.DataFrame | None, str]:
        """The leaderboard, or what is wrong with it; there may be none."""
        path = self.run.folder.leaderboard
        return self.run.read(read_leaderboard, path) if path.is_file() else (None, "")

    @cached_property
    def _detector(self) -> tuple[OODDetector | None, str]:
        """The out-of-distribution detector, or why there is none."""
        return self.run.read(load_ood_detector, self.run.folder.ood)


def _buzz() -> NDArray[np.float32]:
    """Return a second of a buzzing voice."""
    phase = np.arange(SAMPLE_RATE_HZ) * 2 * np.pi * 140 / SAMPLE_RATE_HZ
    return (0.1 * np.sign(np.sin(phase))).astype(np.float32)


def _with_its_members(member: Member, ready: set[str]) -> Member:
    """Return an ensemble as one that cannot predict if one of its members cannot."""
    missing = [key for key in member.champion.members if key not in ready] if member.champion else []
    if not missing:
        return member
    return replace(member, champion=None, problem=f"{member.key} needs {', '.join(missing)}, which could not be loaded.")
