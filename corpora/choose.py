"""Which corpus a person means: a registered one, a table, a folder, or what lies in the data folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from corpora import CORPORA
from corpora.audformat import AudformatDatabase, is_audformat
from corpora.combined import JOIN, Combined, parts_of
from corpora.corpus import Corpus
from corpora.folders import EmotionFolders
from corpora.labels import about_emotions
from corpora.own import Options, OwnRecordings
from corpora.places import ARCHIVE_SUFFIXES, AUDIO_SUFFIXES, as_named, existing_folder, expanded, is_named, is_there, readable
from corpora.recognise import recognise, told_otherwise
from corpora.table import TABLE_SUFFIXES, Table
from emotune.errors import CorpusError, UnknownKeyError

DEFAULT_KEY = "ravdess"


def choose_corpus(
    name_or_path: str | None = None,
    *,
    data: Path | None = None,
    allow_download: bool = False,
    options: Options | None = None,
) -> Corpus:
    """Return the corpus that a person means, found or downloaded, or say why there is none.

    Parameters
    ----------
    name_or_path : str, optional
        Key of a registered corpus, path of a table, of an audformat database or of a folder with one subfolder an emotion, or several
        of them joined by ``+``. By default, what lies in the data folder, and RAVDESS where that is empty or nobody named one.
    data : Path, optional
        The data folder that a person named. What lies there is used, or an error is raised.
    allow_download : bool
        Download into a folder that a person named, though it is not empty.
    options : Options, optional
        What a person says about own recordings.

    Returns
    -------
    Corpus
        Its ``read(data, allow_download=…)`` gives the clips.

    Raises
    ------
    DownloadError
        If RAVDESS is not here and could not be downloaded.
    CorpusError
        If what was named is not there or cannot be used.
    """
    options = options or Options()
    try:
        if data is not None and not is_there(expanded(data)):
            existing_folder(data)  # says so, also where the corpus needs no folder
        corpus = _choose(name_or_path, data=data, allow_download=allow_download, options=options)
    except OSError as error:
        place = readable(error.filename or name_or_path or data or "")
        raise CorpusError(
            f"What --corpus and --data name must be files and folders that can be looked at, but {place} cannot: {error.strerror}; "
            f"check its spelling and its permissions."
        ) from error
    _require_used(options, corpus)
    if data is not None:
        _require_used_folder(expanded(data), corpus)
    return corpus


def _choose(name_or_path: str | None, *, data: Path | None, allow_download: bool, options: Options) -> Corpus:
    if name_or_path is not None:
        names = _names(name_or_path)
        # Beside own recordings, a word such as wut is about their labels alone; angry is about everybody's.
        are_published = CORPORA.keys() >= set(names)
        published = options if are_published else replace(options, label_map=about_emotions(options.label_map))
        parts = [
            _named(name, data=data, allow_download=allow_download, options=published if name in CORPORA else options)
            for name in names
        ]
        return parts[0] if len(parts) == 1 else Combined(parts)
    if is_named(data) and (found := recognise(data, options=options)):
        return found
    return _registered(DEFAULT_KEY, data=data, allow_download=allow_download, options=options)


def _names(text: str) -> list[str]:
    """Return the names that are joined by ``+``, which may also stand in the name of a file or folder that is there."""
    pieces, names = text.split(JOIN), list[str]()
    while pieces:
        n = next((n for n in range(len(pieces), 1, -1) if is_there(expanded(JOIN.join(pieces[:n]).strip()))), 1)
        names.append(JOIN.join(pieces[:n]).strip())
        del pieces[:n]
    if not all(names):
        raise CorpusError(f"--corpus must name a corpus, a table or a folder on each side of every {JOIN}, got {text!r}; name it.")
    return names


def _registered(key: str, *, data: Path | None, allow_download: bool, options: Options) -> Corpus:
    corpus = CORPORA[key].relabelled(options.label_map)
    corpus.locate(data, allow_download=allow_download)
    return corpus


def _named(name: str, *, data: Path | None, allow_download: bool, options: Options) -> Corpus:
    """Return what one name of ``--corpus`` stands for."""
    if name in CORPORA:
        return _registered(name, data=data, allow_download=allow_download, options=options)
    path = expanded(name)
    if path.is_dir():
        return AudformatDatabase(path, options=options) if is_audformat(path) else _own_folder(path, options=options)
    if path.suffix.lower() in ARCHIVE_SUFFIXES and path.is_file():
        raise CorpusError(f"--corpus takes a key, a table or a folder, got the archive {path}; unpack it and name what it makes.")
    if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file():
        raise CorpusError(f"--corpus takes a key, a table or a folder, got the recording {path}; name the folder of all recordings.")
    if path.is_file() and path.suffix.lower() not in TABLE_SUFFIXES:
        raise CorpusError(
            f"--corpus takes a key, a folder or a table ({', '.join(sorted(TABLE_SUFFIXES))}), got the file {path}; save it as CSV."
        )
    if path.is_file():
        return Table(path, options=options, data=data)
    if path.suffix or len(path.parts) > 1:
        raise CorpusError(
            f"--corpus must name a corpus, a table or a folder that exists, but there is no {path}; check its spelling."
        )
    raise UnknownKeyError("corpus", name, list(CORPORA))


def _require_used_folder(data: Path, corpus: Corpus) -> None:
    """Refuse a data folder of which nothing is read, because --corpus names what lies elsewhere.

    Recordings may be links to a store elsewhere, and a table that lies in the folder may name recordings elsewhere.
    """
    own = [part for part in parts_of(corpus) if isinstance(part, OwnRecordings)]
    if data.is_file() or len(own) < len(parts_of(corpus)):
        return
    paths = [recording.path for part in own for recording in part.recordings]
    if not any(_is_inside(path, data) for path in (*(part.path for part in own), *paths)):
        raise CorpusError(
            f"--data must have recordings that --corpus names, but none of the {len(paths)} of {corpus.title} lies in "
            f"{readable(data)}; leave it out, or name it as --corpus."
        )


def _is_inside(path: Path, folder: Path) -> bool:
    """Tell whether a path leads into a folder by the names that were given or by what these link to."""
    return as_named(path).is_relative_to(as_named(folder)) or path.resolve().is_relative_to(folder.resolve())


def _own_folder(path: Path, *, options: Options) -> Corpus:
    """Return folders by emotion; where they are none, it is said what else tells about the recordings."""
    try:
        return EmotionFolders(path, options=options)
    except CorpusError as error:
        if otherwise := told_otherwise(path):
            raise CorpusError(f"{otherwise}. As folders by emotion: {error}") from error
        raise


def _require_used(options: Options, corpus: Corpus) -> None:
    """Refuse what a person said about recordings where it says nothing about these, such as a mistyped word."""
    unknown = [word for word in options.label_map if not corpus.has_label(word)]
    if unknown:
        raise CorpusError(
            f"--map must name labels or emotions that the recordings have, but {corpus.title} has no {', '.join(unknown)}; correct "
            f"it or leave it out (the emotions are then {', '.join(corpus.emotions)})."
        )
    if options.speaker_pattern and not any(isinstance(part, EmotionFolders) for part in parts_of(corpus)):
        raise CorpusError(
            f"--speaker-pattern finds the speakers in the paths of a folder of own recordings, but {corpus.title} names them "
            f"otherwise; leave it out."
        )
