"""A folder of own recordings with one subfolder an emotion; the level below or above, or a pattern, names the speakers."""

from __future__ import annotations

import re
from pathlib import Path

from corpora.labels import is_known, to_emotion
from corpora.own import Listing, Options, OwnRecordings, require_speakers
from corpora.places import examples, is_visible, list_recordings, what_lies_in
from corpora.reader import Recording
from emotune.errors import CorpusError

SPLITS = frozenset(["train", "test", "val", "valid", "validation", "dev", "eval", "training", "testing"])
N_LEVELS_WITH_SPEAKER = 3


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


def has_emotion_folders(folder: Path) -> bool:
    """Tell whether at least two subfolders are named by words of emotions and hold recordings."""
    top = _innermost(folder)
    inside = [path.relative_to(top).parts for path in list_recordings(top)]
    level = _emotion_level(inside)
    return len({parts[level] for parts in inside if len(parts) > level + 1 and is_known(parts[level])}) > 1


def list_folder(folder: Path, *, options: Options) -> Listing:
    """List the recordings of a folder with one subfolder an emotion."""
    top = _innermost(folder)
    pattern = _compile(options.speaker_pattern)
    paths = list_recordings(top)
    level = _emotion_level([path.relative_to(top).parts for path in paths])
    inside = [path for path in paths if len(path.relative_to(top).parts) > level + 1]
    _require_emotions(top, inside, level=level)
    recordings: dict[str, Recording] = {}
    skipped: list[tuple[str, str]] = []
    for path in inside:
        relative = path.relative_to(top)
        match = pattern.search(relative.as_posix()) if pattern else None
        if pattern and match is None and not options.speakers_unknown:
            skipped.append((relative.as_posix(), f"{relative}: no speaker is found by {pattern.pattern!r}"))
            continue
        named = match.groupdict() if match else {}
        speaker = named.get("speaker") or (match[1] if match else "")
        if not pattern and len(relative.parts) >= N_LEVELS_WITH_SPEAKER:
            speaker = relative.parts[1 - level]
        name = relative.with_suffix("").as_posix()
        name = relative.as_posix() if name in recordings else name
        emotion = to_emotion(relative.parts[level], given=options.label_map)
        recordings[name] = Recording(path, name=name, speaker=speaker, emotion=emotion)
    listed = tuple(recordings.values())
    next_step = (
        "put each person's recordings into a folder of their own (angry/anna/1.wav), say how file names tell the speaker "
        "(--speaker-pattern REGEX, with the speaker as its first group), or give a table with --corpus TABLE.csv"
    )
    require_speakers(listed, options=options, where=folder.name, next_step=next_step)
    beside = [path.name for path in paths if path not in inside]
    notes = (f"Recordings beside the emotions' folders, not read: {examples(beside)}.",) if beside else ()
    return Listing(listed, tuple({path.relative_to(top).parts[level] for path in inside}), tuple(skipped), notes)


def _innermost(folder: Path) -> Path:
    """Pass through folders that hold one folder and no recording, as unpacking leaves them."""
    while folder.is_dir():
        visible = [path for path in folder.iterdir() if is_visible(path.name)]
        folders = [path for path in visible if path.is_dir()]
        if len(folders) != 1 or is_known(folders[0].name) or any(path.is_file() for path in visible):
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


def _emotion_level(inside: list[tuple[str, ...]]) -> int:
    """Return which level of folders names the emotions: 1 if words of emotions stand below people's folders alone, else 0."""
    tops, below = ({parts[level] for parts in inside if len(parts) > level + 1} for level in (0, 1))
    are_people = not any(is_known(name) or name.lower() in SPLITS for name in tops)
    return int(are_people and sum(map(is_known, below)) > 1)


def _require_emotions(folder: Path, paths: list[Path], *, level: int) -> None:
    """Refuse a folder whose subfolders are not emotions."""
    tops = sorted({path.relative_to(folder).parts[0] for path in paths})
    if not tops:
        raise CorpusError(f"{folder} must have one subfolder an emotion, but {what_lies_in(folder)}; sort them into such subfolders.")
    if level == 0 and all(name.lower() in SPLITS for name in tops):
        raise CorpusError(
            f"The subfolders of {folder} must be emotions, got {examples(tops)}; put the emotion first (angry/anna/1.wav), or give a "
            f"table with --corpus TABLE.csv (columns path, emotion, speaker)."
        )
