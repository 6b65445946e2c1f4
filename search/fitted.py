"""The model that a family ships: fitted to all speakers, pooled of others, or written with its card."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpora import Corpus
from emotune.errors import RunError
from emotune.files import remove
from evaluation.dataset import Dataset, Rows
from evaluation.ensembles import MEMBER_KEYS, fit_pool
from evaluation.jobs import ChampionJob
from evaluation.objective import Objective
from evaluation.result import Result
from features import INPUT_KINDS, InputKind
from metrics.calibration import apply_temperature
from models import Family, Model
from models.ensemble import Ensemble
from models.family import KeptSample
from models.non_speech import non_speech_vectors
from models.ood import fit_ood_detector
from runs.cards import Card, card_versions, member_spec
from runs.champions import UNREADABLE, Champion, save_champion
from runs.conditions import UNTUNED
from runs.layout import RunFolder
from runs.work import WorkFolder

N_GOLDEN_CLIPS = 2
N_SAMPLE_CLIPS = 200
"""Training clips by which a family checks what it keeps of a pretrained network."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The model that a family ships.

    Attributes
    ----------
    result : Result
        What models like it showed.
    model : Model
        Fitted to all speakers.
    members : tuple of Fitted
        What it pools; empty for a family that reads clips.
    predict_ms_per_clip, model_mb : float
        Time from the samples of a clip to its probabilities (NaN until it is measured, when nothing else runs), and what its
        weights occupy, a pretrained encoder among them; an ensemble's with its members'.
    """

    result: Result
    model: Model
    members: tuple[Fitted, ...]
    predict_ms_per_clip: float
    model_mb: float

    @property
    def family(self) -> Family:
        """Whose model this is."""
        return self.result.family

    @property
    def n_parameters(self) -> int:
        """Numbers in the model and in what it stands on: its members, or a pretrained encoder."""
        if self.members:
            return self.model.n_parameters + sum(member.n_parameters for member in self.members)
        return self.model.n_parameters + INPUT_KINDS[self.family.input_kind].n_parameters

    def inputs(self, dataset: Dataset, rows: Rows) -> list[NDArray[Any]]:
        """Return what the model reads of some clips."""
        if self.members:
            return list(np.stack([member.predict(dataset, rows) for member in self.members], axis=1))
        return dataset.inputs(INPUT_KINDS[self.family.input_kind], rows)

    def predict(self, dataset: Dataset, rows: Rows) -> NDArray[np.float64]:
        """Return calibrated probabilities of some clips, (n, n_emotions)."""
        return apply_temperature(self.model.predict(self.inputs(dataset, rows)), self.result.temperature)


def load_fitted(result: Result, job: ChampionJob, dataset: Dataset, run: RunFolder, *, say: Callable[[str], None]) -> Fitted:
    """Return the model of a family that was fitted to all speakers, after keeping what its input needs in the run's folder.

    Raises
    ------
    RunError
        If its weights are damaged; they are removed, so that the next command fits them anew.
    """
    place = WorkFolder(run).path(job)
    try:
        model = result.family.load(place, n_emotions=len(dataset.emotions))
    except UNREADABLE as error:
        remove(place)
        raise RunError(
            f"{place} must hold the weights of {result.family.key}, but was damaged ({error}) and is removed; run the same command "
            "again: it fits them anew."
        ) from error
    kind = INPUT_KINDS[result.family.input_kind]
    if sentence := result.family.keep_input(model, run.path, _sample(kind, dataset)):
        say(sentence)
    kept = kind.kept_files(run.path)
    n_bytes = sum(path.stat().st_size for path in (*place.iterdir(), *kept))
    return Fitted(result, model, (), float("nan"), n_bytes / 1e6)


def _sample(kind: InputKind, dataset: Dataset) -> KeptSample:
    """Return clips from all over the dataset."""
    rows = np.linspace(0, len(dataset.clips) - 1, min(N_SAMPLE_CLIPS, len(dataset.clips))).astype(int)
    return KeptSample(tuple(dataset.clips[row].samples for row in rows), tuple(dataset.inputs(kind, rows)))


def fit_ensemble(result: Result, members: Sequence[Fitted], dataset: Dataset, *, seed: int) -> Fitted:
    """Return an ensemble of fitted members, its weights learnt on all inner predictions."""
    assert isinstance(result.family, Ensemble)
    model = fit_pool(result.family, [member.result for member in members], range(dataset.n_folds), dataset, seed=seed)
    milliseconds = sum(member.predict_ms_per_clip for member in members)
    return Fitted(result, model, tuple(members), milliseconds, sum(member.model_mb for member in members))


def write_champion(
    fitted: Fitted,
    corpus: Corpus,
    dataset: Dataset,
    run: RunFolder,
    *,
    scores: Mapping[str, Any],
    seed: int,
    objective: Objective = Objective.EVERYDAY,
) -> None:
    """Save, reload and compare the champion of a family; an ensemble's members must have been written before it."""
    family, tuned = fitted.family, fitted.result.tuned
    spec: Mapping[str, Any]
    if fitted.members:
        spec, fingerprint = member_spec(run.models, tuned.shipped[MEMBER_KEYS])
    else:
        kind = INPUT_KINDS[family.input_kind]
        spec, fingerprint = kind.spec, kind.fingerprint
    card = Card(
        family=family.key,
        title=family.title,
        corpus=corpus.key,
        licence=corpus.licence,
        is_real=corpus.is_real,
        emotions=dataset.emotions,
        config=dict(tuned.shipped),
        input_kind=family.input_kind,
        input_fingerprint=fingerprint,
        input_spec=spec,
        temperature=fitted.result.temperature,
        scores=scores,
        seed=seed,
        versions=card_versions(),
        files={},
        objective=objective.value if family.is_tuned else UNTUNED,
    )
    rows = np.linspace(0, len(dataset.clips) - 1, N_GOLDEN_CLIPS).astype(int)
    save_champion(run.champion(family.key), Champion(card, fitted.model), golden_inputs=fitted.inputs(dataset, rows))


def write_ood_detector(dataset: Dataset, run: RunFolder) -> None:
    """Learn what the corpus sounds like, so that the page can tell when a clip does not, and what is no speech at all."""
    vectors = np.stack(dataset.inputs(INPUT_KINDS["functionals"], np.arange(len(dataset.clips))))
    non_speech = non_speech_vectors([clip.samples for clip in dataset.clips])
    fit_ood_detector(vectors, dataset.speakers, non_speech=non_speech).save(run.ood)
