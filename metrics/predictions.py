"""The table of out-of-fold predictions: the one thing every figure of the leaderboard is computed from.

Conventions
-----------
One row a clip and family: ``clip, speaker, fold, half, family, emotion`` (the true one; ``half`` is the half that tuned the
configuration) and ``p_<emotion>``, the probability of each emotion, in the corpus's order; of several corpora or languages also
``corpus`` and ``language``. Probabilities are kept to six
significant digits, so that ``predictions.csv`` read back is the table that was written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emotune.errors import PredictionsError
from metrics.scores import validate

KEYS = ("clip", "speaker", "fold", "half", "family", "emotion")
SUBSET_KEYS = ("corpus", "language")
"""Columns that a run of several corpora has besides."""
PROBABILITY_PREFIX = "p_"
SIGNIFICANT_DIGITS = 6


def emotions_in(predictions: pd.DataFrame) -> tuple[str, ...]:
    """Return the emotions whose probabilities the table holds, in its order."""
    return tuple(name.removeprefix(PROBABILITY_PREFIX) for name in _probability_columns(predictions))


def arrays(predictions: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the truth of shape (n_rows,) and the probabilities of shape (n_rows, n_emotions)."""
    y_true = pd.Categorical(predictions["emotion"], categories=emotions_in(predictions)).codes.astype(np.int64)
    numbers = predictions[_probability_columns(predictions)].apply(pd.to_numeric, errors="coerce")
    return y_true, numbers.to_numpy(np.float64)


def as_written(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions as ``predictions.csv`` holds them: checked, columns in order, probabilities of six digits.

    Raises
    ------
    PredictionsError
        If a column or value is missing, an emotion has no probability, a family lacks or repeats a clip, a clip or speaker
        contradicts itself, or probabilities do not sum to 1.
    """
    missing = [key for key in KEYS if key not in predictions or predictions[key].isna().any()]
    if missing:
        raise PredictionsError(f"Predictions must have {', '.join(KEYS)} in every row, but lack {', '.join(missing)}.")
    unknown = sorted(set(predictions["emotion"]) - set(emotions_in(predictions)))
    if unknown:
        raise PredictionsError(f"Every true emotion needs a column {PROBABILITY_PREFIX}<emotion>, but {unknown[0]!r} has none.")
    besides = [key for key in SUBSET_KEYS if key in predictions]
    tidy = predictions[[*KEYS, *besides, *_probability_columns(predictions)]].reset_index(drop=True)
    _require_each_clip_once(tidy)
    _require_one(tidy, of="clip", its=("speaker", "emotion", "fold", *besides))
    _require_one(tidy, of="speaker", its=("fold",))
    validate(*arrays(tidy))
    for name in _probability_columns(tidy):
        digits = np.char.mod(f"%.{SIGNIFICANT_DIGITS}g", tidy[name].to_numpy(np.float64))
        tidy[name] = digits.astype(np.float64)
    return tidy


def read_predictions(path: Path) -> pd.DataFrame:
    """Read ``predictions.csv`` back, digit for digit; names stay text, so that speaker "01" is not 1.

    Raises
    ------
    PredictionsError
        If the file cannot be read as one.
    """
    return read_table(path, dtype={key: "str" for key in (*KEYS, *SUBSET_KEYS) if key != "fold"}, keep_default_na=False)


def read_table(path: Path, **options: Any) -> pd.DataFrame:
    """Read a CSV file of the results with floats as they were written.

    Raises
    ------
    PredictionsError
        If it is missing or damaged.
    """
    try:
        return pd.read_csv(path, **options)
    except (OSError, ValueError) as error:
        raise PredictionsError(f"{path} must be a table that search/run.py wrote, but: {error}; run it again.") from error


def _probability_columns(predictions: pd.DataFrame) -> list[str]:
    return [name for name in predictions.columns if name.startswith(PROBABILITY_PREFIX)]


def _require_each_clip_once(tidy: pd.DataFrame) -> None:
    table = pd.crosstab(tidy["family"], tidy["clip"])
    families, clips, counts = list(map(str, table.index)), list(map(str, table.columns)), table.to_numpy()
    for family, clip in np.argwhere(counts != 1)[:1]:
        raise PredictionsError(
            f"Every family must predict every clip once, but {families[family]} has {counts[family, clip]} rows for "
            f"{clips[clip]}; predict it or leave the family out."
        )


def _require_one(tidy: pd.DataFrame, *, of: str, its: tuple[str, ...]) -> None:
    for name in its:
        values = tidy.groupby(of)[name].nunique()
        if (values > 1).any():
            raise PredictionsError(f"Every {of} must have one {name}, but {values.idxmax()} has {values.max()}; check the corpus.")
