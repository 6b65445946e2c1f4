"""Finding and reading a corpus's files: bad ones are listed and skipped, exact duplicates dropped and named."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from audio.clip import Clip
from audio.load import load_recording
from corpora.corpus import MAX_BAD_FRACTION, Reading
from emotune.errors import BadRecordingError, CorpusError
from emotune.files import PROJECT_ROOT

DATA_VARIABLE = "EMOTUNE_DATA"
DATA_FOLDER = PROJECT_ROOT / "data"
N_NAMED_BAD_FILES = 5


@dataclass(frozen=True)
class Recording:
    """A file of a corpus and what the corpus says about it.

    Attributes
    ----------
    path : Path
        The file.
    name : str
        Unique within the corpus; the clip's name.
    speaker, emotion, gender : str
        As in :class:`audio.clip.Clip`.
    """

    path: Path
    name: str
    speaker: str
    emotion: str
    gender: str = ""


def choose_data_folder(root: Path | None = None) -> Path:
    """Return where corpora lie: the given folder, else the one EMOTUNE_DATA names, else the project's ``data/``."""
    return Path(root or os.environ.get(DATA_VARIABLE) or DATA_FOLDER).expanduser()


def find_corpus(data_folder: Path, *, key: str, holds: str) -> Path | None:
    """Find a corpus in a data folder: the folder itself, the one named by the key in it, or any other up to two deeper.

    Parameters
    ----------
    data_folder : Path
        Where to look.
    key : str
        The corpus's key.
    holds : str
        Glob pattern of a file that only this corpus has.

    Returns
    -------
    Path or None
        The first folder that has such a file.
    """
    deeper = [path for pattern in ("[!.]*", "[!.]*/[!.]*") for path in sorted(data_folder.glob(pattern)) if path.is_dir()]
    return next((path for path in (data_folder, data_folder / key, *deeper) if any(path.glob(holds))), None)


def read_recordings(
    recordings: Sequence[Recording],
    *,
    corpus: str,
    language: str,
    progress: Callable[[int, int], None] | None = None,
) -> Reading:
    """Read every recording of a corpus.

    Parameters
    ----------
    recordings : sequence of Recording
        What to read.
    corpus, language : str
        The corpus's key, and its language (ISO 639-1).
    progress : callable, optional
        Called with (files done, files in all).

    Returns
    -------
    Reading
        The usable clips, the bad files and the dropped duplicates.

    Raises
    ------
    CorpusError
        If more than :data:`corpora.corpus.MAX_BAD_FRACTION` of the files are bad.
    """

    def read(recording: Recording) -> Clip | BadRecordingError:
        try:
            samples = load_recording(recording.path)
        except BadRecordingError as error:
            return error
        return Clip(
            samples,
            name=recording.name,
            speaker=recording.speaker,
            emotion=recording.emotion,
            corpus=corpus,
            language=language,
            source=str(recording.path),
            gender=recording.gender,
        )

    ordered = sorted(recordings, key=lambda recording: recording.name)
    clips: list[Clip] = []
    skipped: list[tuple[str, str]] = []
    # Decoding and resampling let go of the interpreter lock, so threads are enough.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for n_done, (recording, outcome) in enumerate(zip(ordered, pool.map(read, ordered), strict=True), start=1):
            if isinstance(outcome, Clip):
                clips.append(outcome)
            else:
                skipped.append((recording.name, str(outcome)))
            if progress:
                progress(n_done, len(ordered))
    _refuse_too_many(skipped, n_files=len(ordered), corpus=corpus)
    return _drop_duplicates(clips, skipped=tuple(skipped))


def _refuse_too_many(skipped: Sequence[tuple[str, str]], *, n_files: int, corpus: str) -> None:
    """Stop where too many files are bad to trust the rest."""
    if len(skipped) <= MAX_BAD_FRACTION * n_files:
        return
    named = "\n".join(f"  {reason}" for _, reason in skipped[:N_NAMED_BAD_FILES])
    more = f"\n  … and {len(skipped) - N_NAMED_BAD_FILES} more" if len(skipped) > N_NAMED_BAD_FILES else ""
    raise CorpusError(
        f"At most {MAX_BAD_FRACTION:.0%} of a corpus's files may be bad, but {len(skipped)} of the {n_files} of {corpus} are; "
        f"replace or remove them:\n{named}{more}"
    )


def _drop_duplicates(clips: Sequence[Clip], *, skipped: tuple[tuple[str, str], ...]) -> Reading:
    """Keep the first clip, by name, of each content."""
    kept: dict[str, Clip] = {}
    duplicates: list[tuple[str, str]] = []
    for clip in clips:
        first = kept.setdefault(clip.digest, clip)
        if first is not clip:
            duplicates.append((clip.name, first.name))
    return Reading(tuple(kept.values()), skipped, tuple(duplicates))
