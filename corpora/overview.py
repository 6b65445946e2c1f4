"""The sections that describe recordings: what is there, how it sounds, what is doubled, what is bad and what was not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from corpora.corpus import Corpus, Reading, in_words
from corpora.labels import relabel
from corpora.measures import QUIET_DBFS, Measures
from corpora.named_files import NamedFiles
from corpora.near_duplicates import NearDuplicate
from corpora.own import UNKNOWN
from corpora.places import count, examples
from corpora.sections import Section

ABSENT = "–"


@dataclass(frozen=True, eq=False)
class Findings:
    """Recordings and what was found about them.

    Attributes
    ----------
    corpus : Corpus or None
        What a person named; None if it is no corpus.
    reading : Reading
        What could be read of it.
    measures : tuple of Measures
        Of each clip of the reading.
    near_duplicates : tuple of NearDuplicate
        Among its clips.
    warnings : tuple of str
        From :func:`corpora.checks.warnings_for`.
    unread : tuple of str
        From :func:`corpora.measures.files_not_read`.
    """

    corpus: Corpus | None
    reading: Reading
    measures: tuple[Measures, ...]
    near_duplicates: tuple[NearDuplicate, ...] = ()
    warnings: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def overview(findings: Findings) -> list[Section]:
    """Return the sections on recordings, in the order in which a person reads them."""
    return [
        _summary(findings),
        Section("Warnings", findings.warnings or ("There is nothing to warn about.",)),
        _by_speaker(findings.reading),
        _by_emotion(findings),
        _levels(findings),
        _formats(findings),
        _duplicates(findings),
        _bad(findings.reading),
        _not_read(findings),
        _labels(findings),
        _clip_notes(findings.reading),
    ]


def _summary(findings: Findings) -> Section:
    reading, corpus = findings.reading, findings.corpus
    genders = Counter(gender or "gender unknown" for gender in reading.speakers.values())
    seconds = np.array([one.seconds for one in findings.measures])
    rows = [
        ("clips", str(len(reading.clips))),
        ("speakers", _counted(reading.speakers, ", ".join(f"{n} {gender}" for gender, n in sorted(genders.items())))),
        ("emotions", _counted(reading.emotions, ", ".join(reading.emotions))),
        ("duration in all", _minutes(float(seconds.sum()))),
        ("duration of a clip", _spread(seconds, "s", digits=2)),
        ("bad files", str(len(reading.skipped))),
        ("exact duplicates", str(len(reading.duplicates))),
        ("near-duplicates", count(len(findings.near_duplicates), "pair")),
    ]
    if corpus is not None:
        rows = [
            ("corpus", corpus.title),
            ("language", "unknown" if corpus.language == "und" else corpus.language),
            ("licence", corpus.licence),
            *rows,
        ]
    return Section("What is there", columns=("", ""), rows=tuple(rows), is_text=(True, True))


def _counted(names: Collection[str], words: str) -> str:
    """Return how many names there are, and words about them; of recordings that a run would refuse nobody may know."""
    return UNKNOWN if set(names) == {UNKNOWN} else f"{len(names)} ({words or 'none'})"


def _by_speaker(reading: Reading) -> Section:
    n_clips = Counter((clip.speaker, clip.emotion) for clip in reading.clips)
    rows = [
        (
            f"{speaker} ({gender})" if gender else speaker,
            *(str(n_clips[speaker, emotion] or ABSENT) for emotion in reading.emotions),
            str(n),
        )
        for speaker, gender in reading.speakers.items()
        for n in [sum(n_clips[speaker, emotion] for emotion in reading.emotions)]
    ]
    totals = [str(sum(n_clips[speaker, emotion] for speaker in reading.speakers)) for emotion in reading.emotions]
    all_clips = ("all", *totals, str(len(reading.clips)))
    columns = ("speaker", *reading.emotions, "all")
    return Section("Clips of each speaker and emotion", columns=columns, rows=(all_clips, *rows) if rows else ())


def _by_emotion(findings: Findings) -> Section:
    """Show whether length or level gives the emotion away."""
    rows = []
    for emotion in findings.reading.emotions:
        of_emotion = [
            (clip, one) for clip, one in zip(findings.reading.clips, findings.measures, strict=True) if clip.emotion == emotion
        ]
        formats = Counter(_format(one) for _, one in of_emotion)
        rows.append(
            (
                emotion,
                str(len(of_emotion)),
                str(len({clip.speaker for clip, _ in of_emotion})),
                f"{np.median([one.seconds for _, one in of_emotion]):.2f}",
                f"{np.median([one.level_dbfs for _, one in of_emotion]):.1f}",
                ", ".join(name for name, _ in formats.most_common(3)),
            )
        )
    columns = ("emotion", "clips", "speakers", "median s", "median dBFS", "formats")
    return Section("Each emotion", columns=columns, rows=tuple(rows), is_text=(True, False, False, False, False, True))


def _levels(findings: Findings) -> Section:
    quiet = _names(findings, lambda one: one.level_dbfs < QUIET_DBFS)
    clipped = [name for name, notes in findings.reading.clip_notes.items() if any(note.startswith("Clipped") for note in notes)]
    sentences = [
        f"{count(len(names), 'clip')} {what}: {examples(names)}."
        for names, what in (
            (quiet, f"below {QUIET_DBFS:.0f} dBFS"),
            (clipped, "with clipped samples"),
        )
        if names
    ]
    rows = (
        ("level (RMS)", *_quantiles([one.level_dbfs for one in findings.measures])),
        ("peak", *_quantiles([one.peak_dbfs for one in findings.measures])),
    )
    columns = ("dBFS", "lowest", "median", "highest")
    return Section("Levels", tuple(sentences), columns=columns, rows=rows if findings.measures else ())


def _formats(findings: Findings) -> Section:
    formats = Counter(one.format for one in findings.measures)
    rows = tuple(
        (ABSENT, ABSENT, ABSENT, ABSENT, str(n))
        if one is None
        else (one.container, one.codec, f"{one.rate_hz:,}", str(one.channels), str(n))
        for one, n in formats.most_common()
    )
    columns = ("container", "codec", "rate in Hz", "channels", "clips")
    return Section("Formats", columns=columns, rows=rows, is_text=(True, True, False, False, False))


def _duplicates(findings: Findings) -> Section:
    reading = findings.reading
    exact = [(name, kept, "same samples; the first is not read") for name, kept in reading.duplicates]
    near = [
        (in_words(pair.first), in_words(pair.second), f"same recording, correlation {pair.correlation:.2f}; both are read")
        for pair in findings.near_duplicates
    ]
    return Section(
        "Duplicates",
        (*reading.conflicts, *(() if exact or near else ("There are none.",))),
        columns=("clip", "other clip", "what they share"),
        rows=(*exact, *near),
        is_text=(True, True, True),
    )


def _bad(reading: Reading) -> Section:
    sentences = () if reading.skipped else ("There are none.",)
    return Section("Bad files", sentences, columns=("file", "reason"), rows=reading.skipped, is_text=(True, True))


def _not_read(findings: Findings) -> Section:
    sentences = tuple(dict.fromkeys((*findings.reading.notes, *findings.unread)))
    everything = ("Everything in the folder was read.",) if findings.corpus else ()
    return Section("What to know, and what was not read", sentences or everything)


def _labels(findings: Findings) -> Section:
    """Show the codes of a corpus; label words of own recordings are among the notes."""
    corpus = findings.corpus
    if not isinstance(corpus, NamedFiles):
        return Section("Codes of emotions")
    rows = tuple((code, relabel(emotion, given=corpus.label_map)) for code, emotion in corpus.codes.items())
    return Section("Codes of emotions", columns=("code", "emotion"), rows=rows, is_text=(True, True), is_for_page_only=True)


def _clip_notes(reading: Reading) -> Section:
    rows = tuple((name, " ".join(notes)) for name, notes in reading.clip_notes.items())
    title = "What loading changed or found in single clips"
    return Section(title, columns=("clip", "note"), rows=rows, is_text=(True, True), is_for_page_only=True)


def _names(findings: Findings, is_such: Callable[[Measures], bool]) -> list[str]:
    return [clip.name for clip, one in zip(findings.reading.clips, findings.measures, strict=True) if is_such(one)]


def _format(one: Measures) -> str:
    return ABSENT if one.format is None else f"{one.format.codec} {one.format.rate_hz / 1000:g} kHz"


def _quantiles(values: Sequence[float]) -> tuple[str, str, str]:
    if not values:
        return ABSENT, ABSENT, ABSENT
    return f"{min(values):z.1f}", f"{np.median(values):z.1f}", f"{max(values):z.1f}"


def _spread(values: np.ndarray, unit: str, *, digits: int) -> str:
    if not len(values):
        return ABSENT
    return f"{values.min():.{digits}f} to {values.max():.{digits}f} {unit}, median {np.median(values):.{digits}f} {unit}"


def _minutes(seconds: float) -> str:
    hours, left = divmod(round(seconds), 3600)
    return f"{hours} h {left // 60} min" if hours else f"{left // 60} min {left % 60} s"
