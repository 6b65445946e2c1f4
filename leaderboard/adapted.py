"""What every family is worth once it knows the speaker a little, computed from its predictions and the constants in the manifest.

Conventions
-----------
A row is a family, a way of knowing the speaker, and the clips that are scored: all, or those of one corpus, among the emotions that
they have as in :mod:`leaderboard.subsets`. ``uar_none`` is the UAR of the same tested clips without adaptation, ``gain`` the
difference, paired over speakers. Everything is a fraction with a 95 % interval over speakers, as in the leaderboard. Streams depend
on the clips and the seed alone (:mod:`evaluation.streams`): ``predictions.csv`` and ``run.json`` give the same figures again, see
:func:`recompute`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from emotune.errors import PredictionsError
from evaluation import streams
from evaluation.adaptation import Adaptations
from evaluation.streams import Speech, Streams, draw_streams
from leaderboard.reading import read_whole
from leaderboard.table import ADAPTED_SCORES, ALL_CLIPS, DECIMALS, OF_CORPUS, SUBSET
from metrics.intervals import difference_interval, speaker_intervals
from metrics.predictions import arrays, as_written, emotions_in, read_predictions
from metrics.scores import among, confusion_by, uar_of
from runs.layout import RunFolder
from runs.manifest import read_manifest

N_CURVE = (1, 3, 5, 10)
COLUMNS = ("family", SUBSET, "known", "uar_none", "uar", "uar_ci_low", "uar_ci_high", "gain", "gain_ci_low", "gain_ci_high")
ADAPTED_COLUMNS: Mapping[str, str] = dict(
    zip(ADAPTED_SCORES, (streams.RANDOM, streams.SKEWED, streams.NEUTRAL, streams.ENROLLED), strict=True)
)
"""Columns of the leaderboard, and the ways of knowing the speaker that they are for."""
WORDS: Mapping[str, str] = {
    **{f"{n} {streams.RANDOM}": f"{n} earlier clip{'s' if n > 1 else ''}" for n in N_CURVE},
    streams.RANDOM: f"{streams.N_EARLIER} earlier clips",
    streams.OTHERS: "all other clips",
    streams.SKEWED: "skewed",
    streams.TWO_EMOTIONS: "two emotions",
    streams.ONE_EMOTION: "one emotion",
    streams.CHANGED: "one emotion, then another",
    streams.NEUTRAL: "one neutral clip",
    streams.ENROLLED: "one clip of each emotion",
    streams.WRONG: "another speaker's clips",
}
"""Ways of knowing the speaker, in the order in which they are shown."""
CURVE: Mapping[str, int] = {**{f"{n} {streams.RANDOM}": n for n in N_CURVE}, streams.RANDOM: streams.N_EARLIER}
"""Those that are numbers of random earlier clips."""


def adaptation_table(predictions: pd.DataFrame, adaptations: Adaptations, *, seed: int) -> pd.DataFrame:
    """Return a row for each way of knowing the speaker.

    Parameters
    ----------
    predictions : DataFrame
        Out-of-fold predictions of one family (:mod:`metrics.predictions`).
    adaptations : Adaptations
        Its constants; each fold's were learnt without that fold's speakers.
    seed : int
        Of the run: of the streams and of the bootstrap.

    Returns
    -------
    DataFrame
        The columns :data:`COLUMNS`. A way that the clips of a subset do not allow is absent, such as a neutral clip where
        no emotion is neutral.

    Raises
    ------
    PredictionsError
        If the constants are for other emotions or folds.
    """
    tidy = as_written(predictions).sort_values("clip", ignore_index=True)
    emotions, (targets, probabilities) = emotions_in(tidy), arrays(tidy)
    speakers, folds = tidy["speaker"].to_numpy(str), tidy["fold"].to_numpy(int) - 1
    _require_constants(adaptations, emotions, folds)
    drawn = draw_streams(Speech(targets, speakers, len(emotions)), emotions, seed=seed, n_curve=N_CURVE)
    rows = []
    for known in WORDS:
        if known in drawn:
            one = drawn[known]
            adapted = _adapted(one, adaptations, probabilities, targets, folds)
            for subset, clips in _subsets(tidy):
                scored = clips[one.tested]
                if not scored.any():
                    continue
                of_it = one.tested[scored]
                figures = _figures(adapted[scored], probabilities[of_it], targets[of_it], speakers[of_it], seed=seed)
                rows.append((tidy["family"].iloc[0], subset, known, *figures))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def adapted_scores(table: pd.DataFrame) -> dict[str, float]:
    """Return the leaderboard's columns of one family's :func:`adaptation_table`; what was not measured is absent."""
    rows = of_all_clips(table).set_index("known")
    return {
        f"{column}{end}": float(str(rows.loc[known, f"uar{end}"]))
        for column, known in ADAPTED_COLUMNS.items()
        if known in rows.index
        for end in ("", "_ci_low", "_ci_high")
    }


def read_adaptation(path: Path) -> pd.DataFrame:
    """Read ``adaptation.csv``; empty where there is none, as in results made before it.

    Raises
    ------
    PredictionsError
        If it is damaged.
    """
    if not path.is_file():
        return pd.DataFrame(columns=list(COLUMNS))
    table = read_whole(path, keys=("family", "known"), fractions=("uar_none", "uar"), also=(SUBSET,))
    return table if SUBSET in table else table.assign(**{SUBSET: ALL_CLIPS})


def of_all_clips(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are of all clips."""
    return table[table[SUBSET] == ALL_CLIPS]


def curve(table: pd.DataFrame, board: pd.DataFrame) -> pd.DataFrame:
    """Return UAR by family (row, best first) and number of earlier clips of the speaker (column, 0 being none).

    Parameters
    ----------
    table : DataFrame
        Rows of ``adaptation.csv``; families that it lacks are absent.
    board : DataFrame
        The leaderboard.
    """
    uar = of_all_clips(table).pivot(index="family", columns="known", values="uar").reindex(board["family"]).dropna(how="all")
    none = board.set_index("family")["uar"].reindex(uar.index)
    return _by_number(none, uar)


def curve_by_corpus(table: pd.DataFrame, *, family: str) -> pd.DataFrame:
    """Return a family's UAR by corpus (row) and number of earlier clips of the speaker (column, 0 being none); empty for one corpus.

    Parameters
    ----------
    table : DataFrame
        Rows of ``adaptation.csv``.
    family : str
        Key of the family.
    """
    rows = table[(table["family"] == family) & table[SUBSET].str.startswith(OF_CORPUS)]
    rows = rows.assign(corpus=rows[SUBSET].str.removeprefix(OF_CORPUS))
    uar = rows.pivot(index="corpus", columns="known", values="uar")
    none = rows[rows["known"] == streams.RANDOM].set_index("corpus")["uar_none"]
    return _by_number(none, uar)


def _by_number(none: pd.Series[float], uar: pd.DataFrame) -> pd.DataFrame:
    """Return UAR by number of earlier clips: without any, then those that were measured of the columns of ``uar``."""
    return pd.concat([none.rename("0"), *(uar[known].rename(str(n)) for known, n in CURVE.items() if known in uar)], axis=1)


def recompute(run: RunFolder) -> pd.DataFrame:
    """Return ``adaptation.csv`` computed anew from a run's ``predictions.csv`` and the constants in its ``run.json``.

    Raises
    ------
    PredictionsError
        If one of them cannot be read.
    """
    manifest, predictions = read_manifest(run.manifest), read_predictions(run.predictions)
    tables = [
        adaptation_table(predictions[predictions["family"] == key], Adaptations.from_json(constants), seed=manifest.seed or 0)
        for key, constants in manifest.adaptation.items()
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))


def _subsets(tidy: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name of each subset of the clips, and whether each clip belongs to it."""
    yield ALL_CLIPS, np.ones(len(tidy), dtype=bool)
    corpora = tidy["corpus"].to_numpy(str) if "corpus" in tidy else np.empty(0, dtype=str)
    names = np.unique(corpora)
    for name in names if len(names) > 1 else ():
        yield f"{OF_CORPUS}{name}", corpora == name


def _figures(adapted: np.ndarray, plain: np.ndarray, targets: np.ndarray, speakers: np.ndarray, *, seed: int) -> tuple[float, ...]:
    """Return what a row holds from ``uar_none`` on."""
    present = np.unique(targets)
    truth = np.searchsorted(present, targets)
    both = [confusion_by(speakers, truth, among(found, present))[1] for found in (adapted, plain)]
    uar, none = (float(uar_of(counts.sum(axis=0))) for counts in both)
    figures = (none, uar, *speaker_intervals(both[0], seed=seed)["uar"], uar - none, *difference_interval(*both, seed=seed))
    return tuple(round(value, DECIMALS) for value in figures)


def _adapted(one: Streams, adaptations: Adaptations, probabilities: np.ndarray, targets: np.ndarray, folds: np.ndarray) -> np.ndarray:
    adapted = np.empty((len(one.tested), probabilities.shape[1]))
    of_stream = folds[one.tested]
    for fold in np.unique(of_stream):
        rows = np.flatnonzero(of_stream == fold)
        adapted[rows] = one.take(rows).adapted(adaptations.by_fold[int(fold)], probabilities, targets)
    return adapted


def _require_constants(adaptations: Adaptations, emotions: tuple[str, ...], folds: np.ndarray) -> None:
    missing = sorted({int(fold) for fold in folds} - set(adaptations.by_fold))
    if missing:
        raise PredictionsError(f"Every fold needs constants of its own, but fold {missing[0] + 1} has none; run the search again.")
    others = next((one.emotions for one in adaptations.by_fold.values() if one.emotions != emotions), None)
    if others is not None:
        raise PredictionsError(
            f"Constants must be for the predicted emotions, {', '.join(emotions)}, got {', '.join(others)}; run the search again."
        )
