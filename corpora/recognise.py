"""What lies in a folder that a person named: a registered corpus, a database, a table or folders by emotion; in doubt it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from corpora import CORPORA
from corpora.audformat import AudformatDatabase, is_audformat
from corpora.combined import JOIN
from corpora.corpus import Corpus
from corpora.folders import EmotionFolders, emotions_of_folders
from corpora.named_files import HOW_TO_GIVE_OWN, NamedFiles
from corpora.own import Options
from corpora.places import count, examples, existing_folder, is_visible, list_recordings, what_lies_in
from corpora.reader import Recording
from corpora.rows import names_recordings
from corpora.table import TABLE_SUFFIXES, Table
from emotune.errors import CorpusError

MIN_SHARE = 0.5
"""A registered corpus is recognised if at least this share of a folder's recordings is named as it names them."""


def recognise(data: Path | None, *, options: Options) -> Corpus | None:
    """Return what lies in the data folder; None if there is nothing.

    Parameters
    ----------
    data : Path, optional
        The folder, or a table.
    options : Options
        What a person says about own recordings.

    Raises
    ------
    CorpusError
        If recordings lie there that nothing describes, or that several things describe.
    """
    if data is not None and data.is_file() and data.suffix.lower() in TABLE_SUFFIXES:
        return Table(data, options=options)
    folder = existing_folder(data)
    paths = list_recordings(folder)
    found = _registered_in(folder, paths)
    tables = _tables(folder)
    if most := _most(found, paths):
        own = [*tables, *([folder] if _are_sorted_otherwise(folder, found[most]) else [])]
        if not own:
            _refuse_strangers(CORPORA[most], found[most], folder)
            return CORPORA[most].relabelled(options.label_map)
        raise _ask(folder, paths, {most: found[most]}, own)
    if is_audformat(folder):
        return AudformatDatabase(folder, options=options)
    sorted_ones = set(emotions_of_folders(folder, paths, given=options.label_map))
    named = {path for recordings in found.values() for path in _files(recordings)}
    own = [*tables, *([folder] if sorted_ones - named else [])]
    if named - sorted_ones or (named and own != [folder]):
        raise _ask(folder, paths, found, own)
    if tables:
        if len(tables) > 1:
            names = ", ".join(path.name for path in tables)
            raise CorpusError(f"{folder} must have one table of recordings, got {names}; name one with --corpus.")
        return Table(tables[0], options=options)
    if sorted_ones:
        return EmotionFolders(folder, options=options)
    if paths:
        raise CorpusError(
            f"{folder} must hold recordings whose emotion and speaker can be told, but {what_lies_in(folder)}, none named as a "
            f"registered corpus names them; {HOW_TO_GIVE_OWN}."
        )
    return None


def told_otherwise(folder: Path) -> str:
    """Return in words what else tells about the recordings of a folder: tables in it, or their names; nothing if nothing does."""
    if tables := _tables(folder):
        return f"{folder} holds {count(len(tables), 'table')} of recordings: give --corpus {' or '.join(map(str, tables))}"
    paths = list_recordings(folder)
    found = {
        key: recordings for key, recordings in _registered_in(folder, paths).items() if not _are_strangers(CORPORA[key], recordings)
    }
    most = _most(found, paths)
    if not most:
        return ""
    return (
        f"{count(len(found[most]), 'recording')} of {folder} are named as {CORPORA[most].title} names them: if they are its, give "
        f"--corpus {most} --data {folder}"
    )


def _registered_in(folder: Path, paths: Sequence[Path]) -> dict[str, tuple[Recording, ...]]:
    """Return the recordings of each registered corpus that are in a folder, by its key."""
    corpora = [corpus for corpus in CORPORA.values() if isinstance(corpus, NamedFiles)]
    found = {corpus.key: corpus.survey_of(paths, folder=folder).recordings for corpus in corpora}
    return {key: recordings for key, recordings in found.items() if recordings}


def _files(recordings: Sequence[Recording]) -> list[Path]:
    return [path for recording in recordings for path in (recording.path, *recording.copies)]


def _are_sorted_otherwise(folder: Path, recordings: Sequence[Recording]) -> bool:
    """Tell whether folders named by emotions contradict what the recordings' names say."""
    emotions = emotions_of_folders(folder, [recording.path for recording in recordings], given={})
    return any(emotions.get(recording.path, recording.emotion) != recording.emotion for recording in recordings)


def _most(found: Mapping[str, Sequence[Recording]], paths: Sequence[Path]) -> str:
    """Return the key of the corpus that most recordings of a folder are named as, if they are enough of all; else nothing."""
    most = max(found, key=lambda key: len(_files(found[key])), default="")
    return most if most and len(_files(found[most])) >= MIN_SHARE * len(paths) else ""


def _are_strangers(corpus: Corpus, recordings: Sequence[Recording]) -> bool:
    """Tell whether recordings are by none of a corpus's speakers, as far as these are known."""
    return bool(corpus.speakers) and not corpus.speakers.keys() & {recording.speaker for recording in recordings}


def _refuse_strangers(corpus: Corpus, recordings: Sequence[Recording], folder: Path) -> None:
    """Ask about recordings that are named as a corpus names them, but by none of its speakers: others may name theirs alike."""
    if _are_strangers(corpus, recordings):
        speakers = sorted({recording.speaker for recording in recordings})
        raise CorpusError(
            f"{folder} holds {count(len(recordings), 'recording')} named as {corpus.title} names them, but it has no speaker "
            f"{examples(speakers)}; say --corpus {corpus.key} if they are its, or {HOW_TO_GIVE_OWN}."
        )


def _ask(folder: Path, paths: Sequence[Path], found: Mapping[str, Sequence[Recording]], own: Sequence[Path]) -> CorpusError:
    """Return the question which of several things is meant."""
    holds = [f"{count(len(recordings), 'recording')} of {CORPORA[key].title}" for key, recordings in found.items()]
    n_others = len(paths) - sum(len(_files(recordings)) for recordings in found.values())
    holds += [f"{n_others} named otherwise"] if n_others else []
    holds += [f"the table {path.name}" if path != folder else "folders named by emotions" for path in own]
    ways = " or ".join(f"--corpus {way}" for way in (JOIN.join(found), *own))
    return CorpusError(f"{folder} holds {', '.join(holds)}; say which are meant: {ways}.")


def _tables(folder: Path) -> list[Path]:
    """Return the files of a folder that are tables of recordings by their first line, even if what follows cannot be read."""
    files = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in TABLE_SUFFIXES and is_visible(path.name))
    return [path for path in files if path.is_file() and names_recordings(path)]
