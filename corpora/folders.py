"""A folder of own recordings with one subfolder an emotion; the level below or above, or a pattern, names the speakers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from corpora.labels import is_known, plain, to_emotion
from corpora.own import Listing, Options, OwnRecordings, require_speakers
from corpora.places import (
    examples,
    inside,
    is_visible,
    list_recordings,
    notes_on_other_files,
    notes_on_unreadable,
    readable,
    what_lies_in,
)
from corpora.reader import Recording
from emotune.errors import CorpusError

SPLIT = re.compile(
    r"(?:train|training|test|testing|val|valid|validation|dev|eval)(?:[ _-]?(?:set|split|data))?|(?:fold|part|split|set|cv)[ _-]?\d+|"
    r".+[ _-]set",
    flags=re.IGNORECASE,
)
"""The name of a folder that holds a part of all recordings."""
N_LEVELS_WITH_SPEAKER = 3
OR_A_TABLE = "give a table with --corpus TABLE.csv (columns path, emotion, speaker)"


class EmotionFolders(OwnRecordings):
    """A corpus such as ``angry/anna/1.wav`` or ``anna/angry/1.wav``.

    Parameters
    ----------
    path : Path
        The folder that has one subfolder an emotion; folders around it that hold nothing else are passed through.
    options : Options, optional
        What a person says about it, such as the pattern that finds the speakers.

    Raises
    ------
    CorpusError
        If it has no such subfolders, or no speakers.
    """

    def __init__(self, path: Path, *, options: Options | None = None) -> None:
        options = options or Options()
        super().__init__(path, list_folder(path, options=options), options=options)


def levels_of(folders: Collection[tuple[str, ...]]) -> list[set[str]]:
    """Return the names at each level of nested folders, the outermost first."""
    return [{parts[k] for parts in folders if len(parts) > k} for k in range(max(map(len, folders), default=0))]


def emotion_level(levels: Sequence[Collection[str]], *, given: Mapping[str, str], may_be_people: bool) -> int | None:
    """Return which level of folders names the emotions: the one that a person maps, else the one with more known words.

    None where nothing tells; where folders may be people, a single known word among several does not, since people too are called
    Joy or Felice.
    """
    found = []
    for names in levels:
        n_known = sum(is_known(name, given=given) for name in names)
        found.append((sum(plain(name) in given for name in names), n_known, n_known / len(names)))
    if not found:
        return None
    level = max(range(len(found)), key=found.__getitem__)
    n_said, n_known, share = found[level]
    is_sure = n_said or n_known > 1 or share == 1 or (n_known and not may_be_people)
    return level if is_sure else None


def emotions_of_folders(folder: Path, paths: Iterable[Path], *, given: Mapping[str, str]) -> dict[Path, str]:
    """Return the emotion of each path that lies in a folder named by a word of an emotion, if there are two such words or more."""
    top = _innermost(folder, given=given)
    parts = {path: Path(inside(path, top)).parts for path in paths if path.is_relative_to(top)}
    level = _emotion_level(parts.values(), given=given)
    words = {path: one[level] for path, one in parts.items() if level is not None and len(one) > level + 1}
    known = {path: to_emotion(word, given=given) for path, word in words.items() if is_known(word, given=given)}
    return known if len({words[path] for path in known}) > 1 else {}


def list_folder(folder: Path, *, options: Options) -> Listing:
    """List the recordings of a folder with one subfolder an emotion."""
    top = _innermost(folder, given=options.label_map)
    pattern = _compile(options.speaker_pattern)
    names = {path: Path(inside(path, top)) for path in list_recordings(top)}
    level = _emotion_level([name.parts for name in names.values()], given=options.label_map)
    speakers = {path: _speaker_in(name, pattern) for path, name in names.items()} if pattern else {}
    if level is None and _share_people([(names[path], speaker) for path, speaker in speakers.items()]):
        level = 0
    level = _require_level(level, top, list(names.values()), names_speakers=not (pattern or options.speakers_unknown))
    recordings: dict[str, Recording] = {}
    skipped: list[tuple[str, str]] = []
    beside: list[str] = []
    for path, relative in names.items():
        if len(relative.parts) <= level + 1:
            beside.append(relative.as_posix())
            continue
        speaker = speakers.get(path)
        if pattern and speaker is None and not options.speakers_unknown:
            skipped.append((relative.as_posix(), f"{relative}: no speaker is found by {pattern.pattern!r}"))
            continue
        if not pattern and len(relative.parts) >= N_LEVELS_WITH_SPEAKER:
            speaker = relative.parts[1 - level]
        name = relative.with_suffix("").as_posix()
        name = relative.as_posix() if name in recordings else name
        while name in recordings:  # of files whose names are told apart by their bytes alone
            name += "'"
        emotion = to_emotion(relative.parts[level], given=options.label_map)
        recordings[name] = Recording(path, name=name, speaker=speaker or "", emotion=emotion)
    listed = tuple(recordings.values())
    next_step = (
        "put each person's recordings into a folder of their own (angry/anna/1.wav), say how file names tell the speaker "
        "(--speaker-pattern REGEX, with the speaker as its first group), or give a table with --corpus TABLE.csv"
    )
    require_speakers(listed, options=options, where=readable(folder.name), next_step=next_step)
    notes = (f"Recordings beside the emotions' folders, not read: {examples(beside)}.",) if beside else ()
    words = {name.parts[level] for name in names.values() if len(name.parts) > level + 1}
    notes = (*notes, *notes_on_unreadable(folder), *notes_on_other_files(folder))
    return Listing(listed, tuple(words), tuple(skipped), notes)


def _innermost(folder: Path, *, given: Mapping[str, str]) -> Path:
    """Pass through folders that hold one folder and no recording, as unpacking leaves them."""
    while folder.is_dir():
        visible = [path for path in folder.iterdir() if is_visible(path.name)]
        folders = [path for path in visible if path.is_dir()]
        if len(folders) != 1 or is_known(readable(folders[0].name), given=given) or any(path.is_file() for path in visible):
            break
        folder = folders[0]
    return folder


def _compile(pattern: str) -> re.Pattern[str] | None:
    """Return the pattern that finds speakers, if there is one."""
    if not pattern:
        return None
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise CorpusError(f"--speaker-pattern must be a regular expression, but {pattern!r} is not: {error}; correct it.") from error
    if not compiled.groups:
        raise CorpusError(f"--speaker-pattern must have a group for the speaker, got {pattern!r}; write for example ^[a-z]+/(\\d+)_.")
    return compiled


def _speaker_in(name: Path, pattern: re.Pattern[str]) -> str | None:
    """Return the speaker that a pattern finds in a recording's name, empty if the group is; None if nothing is found."""
    match = pattern.search(name.as_posix())
    return (match.groupdict().get("speaker") or match[1] or "") if match else None


def _share_people(spoken: Collection[tuple[Path, str | None]]) -> bool:
    """Whether recordings lie in one level of folders of which two have a speaker in common, so that the folders are not people."""
    if any(len(name.parts) >= N_LEVELS_WITH_SPEAKER for name, _ in spoken):
        return False
    pairs = {(speaker, name.parts[0]) for name, speaker in spoken if len(name.parts) > 1 and speaker}
    return len({speaker for speaker, _ in pairs}) < len(pairs)


def _emotion_level(parts: Collection[tuple[str, ...]], *, given: Mapping[str, str]) -> int | None:
    """Return which of two levels of folders names the emotions; one level alone, or beside a single folder, cannot be people."""
    levels = levels_of([one[:-1][:2] for one in parts])
    return emotion_level(levels, given=given, may_be_people=len(levels) > 1 and all(len(names) > 1 for names in levels))


def _require_level(level: int | None, folder: Path, names: list[Path], *, names_speakers: bool) -> int:
    """Refuse a folder whose subfolders are not emotions, or emotions and people."""
    levels = [sorted({name.parts[k] for name in names if len(name.parts) > k + 1}) for k in (0, 1)]
    if not levels[0]:
        raise CorpusError(
            f"{folder} must have one subfolder an emotion, but {what_lies_in(folder)}; sort them as angry/anna/1.wav, or "
            f"{OR_A_TABLE}."
        )
    for k, found in enumerate(levels):
        n_splits = sum(bool(SPLIT.fullmatch(name)) for name in found)
        if (names_speakers or k == level) and n_splits and n_splits >= min(2, len(found)):
            raise CorpusError(
                f"The subfolders of {folder} must be emotions and people, got {examples(found)}; sort them as angry/anna/1.wav, say "
                f"where the speaker stands (--speaker-pattern '^{'[^/]+/' * k}([^/]+)/' if these are people), or {OR_A_TABLE}."
            )
    if level is None and not levels[1]:
        raise CorpusError(
            f"The subfolders of {folder} must be words of emotions, but {examples(levels[0])} may be people or anything else; say "
            f"what one stands for (--map WORD=EMOTION, which may be the word itself), sort them as angry/anna/1.wav, or {OR_A_TABLE}."
        )
    if level is None:
        raise CorpusError(
            f"One level of the folders in {folder} must be words of emotions, but nothing tells whether {examples(levels[0])} or "
            f"{examples(levels[1])} are; say what one stands for (--map WORD=EMOTION, which may be the word itself), sort them as "
            f"angry/anna/1.wav, or {OR_A_TABLE}."
        )
    if names_speakers:
        _refuse_more_levels(level, folder, names)
    return level


def _refuse_more_levels(level: int, folder: Path, names: list[Path]) -> None:
    """Refuse folders of people where a further level could name them: one that tells sessions takes a person for several."""
    n_levels = max(len(name.parts) for name in names) - 1
    of_level = {k: sorted({name.parts[k] for name in names if len(name.parts) > k + 1}) for k in range(n_levels) if k != level}
    if all(len(found) == 1 for k, found in of_level.items() if k >= N_LEVELS_WITH_SPEAKER - 1):
        return
    ways = [f"'^{'[^/]+/' * k}([^/]+)/' if they are {examples(found)}" for k, found in of_level.items()]
    raise CorpusError(
        f"One level of the folders in {folder} must be the people, but several could be; give --speaker-pattern {' or '.join(ways)}."
    )
