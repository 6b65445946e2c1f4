"""Which corpus a person means: a registered one, a table, a folder, or what lies in the data folder."""

from __future__ import annotations

from pathlib import Path

from corpora import CORPORA
from corpora.audformat import AudformatDatabase, is_audformat
from corpora.combined import JOIN, Combined
from corpora.corpus import Corpus
from corpora.folders import EmotionFolders, emotions_of_folders
from corpora.named_files import HOW_TO_GIVE_OWN, NamedFiles
from corpora.own import Options
from corpora.places import ARCHIVE_SUFFIXES, count, existing_folder, expanded, is_named, list_recordings, readable, what_lies_in
from corpora.rows import read_rows
from corpora.table import TABLE_SUFFIXES, Table
from emotune.errors import CorpusError, UnknownKeyError

DEFAULT_KEY = "ravdess"
MIN_SHARE = 0.5
"""A registered corpus is recognised if at least this share of a folder's recordings is named as it names them."""


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
        return _choose(name_or_path, data=data, allow_download=allow_download, options=options)
    except OSError as error:
        place = readable(error.filename or name_or_path or data or "")
        raise CorpusError(
            f"What --corpus and --data name must be files and folders that can be looked at, but {place} cannot: {error.strerror}; "
            f"check its spelling and its permissions."
        ) from error


def _choose(name_or_path: str | None, *, data: Path | None, allow_download: bool, options: Options) -> Corpus:
    if name_or_path is not None:
        return _named(name_or_path, data=data, allow_download=allow_download, options=options)
    if is_named(data) and (found := _in_folder(data, options=options)):
        return found
    default = CORPORA[DEFAULT_KEY]
    default.locate(data, allow_download=allow_download)
    return default


def _named(name_or_path: str, *, data: Path | None, allow_download: bool, options: Options) -> Corpus:
    """Return what ``--corpus`` names."""
    if name_or_path in CORPORA:
        corpus = CORPORA[name_or_path]
        corpus.locate(data, allow_download=allow_download)
        return corpus
    path = expanded(name_or_path)
    if JOIN in name_or_path and not path.exists():
        names = [name.strip() for name in name_or_path.split(JOIN)]
        return Combined([_named(name, data=data, allow_download=allow_download, options=options) for name in names])
    if path.is_dir() and is_audformat(path):
        return AudformatDatabase(path, options=options)
    if path.is_dir():
        return EmotionFolders(path, options=options)
    if path.suffix.lower() in ARCHIVE_SUFFIXES and path.is_file():
        raise CorpusError(f"--corpus takes a key, a table or a folder, got the archive {path}; unpack it and name what it makes.")
    if path.is_file() and path.suffix.lower() not in TABLE_SUFFIXES:
        raise CorpusError(
            f"--corpus takes a key, a folder or a table ({', '.join(sorted(TABLE_SUFFIXES))}), got the file {path}; save it as CSV."
        )
    if path.is_file():
        return Table(path, options=options)
    if path.suffix or len(path.parts) > 1:
        raise CorpusError(
            f"--corpus must name a corpus, a table or a folder that exists, but there is no {path}; check its spelling."
        )
    raise UnknownKeyError("corpus", name_or_path, list(CORPORA))


def _in_folder(data: Path | None, *, options: Options) -> Corpus | None:
    """Return what lies in the data folder; None if there is nothing, so that RAVDESS may be downloaded into it."""
    if data is not None and data.is_file() and data.suffix.lower() in TABLE_SUFFIXES:
        return Table(data, options=options)
    folder = existing_folder(data)
    paths = list_recordings(folder)
    corpora = [corpus for corpus in CORPORA.values() if isinstance(corpus, NamedFiles)]
    n_found = {corpus.key: len(corpus.survey_of(paths, folder=folder).recordings) for corpus in corpora}
    likely = [key for key, n in n_found.items() if n >= MIN_SHARE * len(paths) and n]
    if likely:
        return CORPORA[max(likely, key=n_found.__getitem__)]
    if is_audformat(folder):
        return AudformatDatabase(folder, options=options)
    tables = _tables(folder)
    has_own = bool(tables) or bool(emotions_of_folders(folder, paths, given=options.label_map))
    if n_found[DEFAULT_KEY] and has_own:
        raise CorpusError(
            f"{folder} holds {count(n_found[DEFAULT_KEY], 'recording')} of RAVDESS among {len(paths)} and own ones; say which are "
            f"meant: --corpus {DEFAULT_KEY}, or --corpus {tables[0] if tables else folder}."
        )
    if n_found[DEFAULT_KEY]:
        return CORPORA[DEFAULT_KEY]
    if tables:
        if len(tables) > 1:
            names = ", ".join(path.name for path in tables)
            raise CorpusError(f"{folder} must have one table of recordings, got {names}; name one with --corpus.")
        return Table(tables[0], options=options)
    if has_own:
        return EmotionFolders(folder, options=options)
    partly = [f"--corpus {key} for {n}" for key, n in n_found.items() if n]
    if partly:
        raise CorpusError(f"{folder} holds several corpora: {what_lies_in(folder)}; say which, such as {', '.join(partly)} of them.")
    if paths:
        raise CorpusError(
            f"{folder} must hold recordings whose emotion and speaker can be told, but {what_lies_in(folder)}, none named as RAVDESS "
            f"names them; {HOW_TO_GIVE_OWN}."
        )
    return None


def _tables(folder: Path) -> list[Path]:
    """Return the files of a folder that are tables of recordings."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in TABLE_SUFFIXES and path.is_file() and not path.name.startswith("."):
            try:
                columns = read_rows(path).columns
            except CorpusError:
                continue
            if {"path", "emotion"} <= columns.keys():
                found.append(path)
    return found
