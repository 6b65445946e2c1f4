"""What makes a corpus's figures doubtful, in plain words, before any training."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from corpora.corpus import Reading
from corpora.near_duplicates import NearDuplicate, find_near_duplicates
from corpora.places import count, examples

MIN_SPEAKERS = 4
MIN_CLIPS = 10
MIN_SHARE_OF_TIED_CLIPS = 0.5


def warnings_for(reading: Reading, *, near_duplicates: Sequence[NearDuplicate] | None = None) -> tuple[str, ...]:
    """Return what a person should know before trusting figures for these recordings.

    Parameters
    ----------
    reading : Reading
        A corpus as it was read.
    near_duplicates : sequence of NearDuplicate, optional
        Of its clips; they are looked for by default.

    Returns
    -------
    tuple of str
        One sentence each, on the number of speakers, emotions with one speaker or few clips, labels that are tied to a text, and
        recordings that stand under two speakers or emotions. Empty if there is nothing to say.
    """
    if not reading.clips:
        return ()
    pairs = find_near_duplicates(reading.clips) if near_duplicates is None else near_duplicates
    return (
        *_on_speakers(reading),
        *_on_emotions(reading),
        *_on_texts(reading),
        *_on_duplicates(reading),
        *_on_near_duplicates(pairs),
    )


def _on_speakers(reading: Reading) -> Iterator[str]:
    n = len(reading.speakers)
    if n < MIN_SPEAKERS:
        yield (
            f"The recordings have {count(n, 'speaker')}: the protocol needs {MIN_SPEAKERS} or more to test on unseen ones; "
            f"add recordings of other people."
        )
    if n == len(reading.clips) >= MIN_SPEAKERS:
        yield (
            "Every clip has a speaker of its own: where people spoke several clips, a model is tested on voices that it learnt; "
            "check what tells the speakers."
        )


def _on_emotions(reading: Reading) -> Iterator[str]:
    if len(reading.emotions) < 2:
        yield f"There is one emotion ({', '.join(reading.emotions) or 'none'}): nothing can be told apart; add clips of another."
    n_clips = Counter(clip.emotion for clip in reading.clips)
    speakers: dict[str, set[str]] = defaultdict(set)
    for clip in reading.clips:
        speakers[clip.emotion].add(clip.speaker)
    for emotion in reading.emotions:
        if len(speakers[emotion]) == 1 and len(reading.speakers) > 1:
            (speaker,) = speakers[emotion]
            yield (
                f"Only speaker {speaker} shows {emotion}: a model cannot learn it from others, so it is never recognised for an "
                f"unseen speaker; add {emotion} by other people, or leave it out."
            )
        if n_clips[emotion] < MIN_CLIPS:
            yield (
                f"The emotion {emotion} has {count(n_clips[emotion], 'clip')}: its figures mean little; add clips until it has "
                f"{MIN_CLIPS} or more."
            )


def _on_texts(reading: Reading) -> Iterator[str]:
    """Warn where sentences give the emotion away: each is said several times, and always with the same one."""
    emotions_of: dict[str, set[str]] = defaultdict(set)
    n_said: Counter[str] = Counter()
    n_clips: Counter[str] = Counter()
    for clip in reading.clips:
        n_clips[clip.emotion] += 1
        if text := reading.texts.get(clip.name):
            emotions_of[text].add(clip.emotion)
            n_said[text] += 1
    n_tied: Counter[str] = Counter()
    for text, emotions in emotions_of.items():
        if len(emotions) == 1 and n_said[text] > 1:
            n_tied[next(iter(emotions))] += n_said[text]
    tied = [emotion for emotion in reading.emotions if n_tied[emotion] >= MIN_SHARE_OF_TIED_CLIPS * n_clips[emotion]]
    if tied and len(reading.emotions) > 1:
        yield (
            f"The sentences of {', '.join(tied)} are said with no other emotion: a model can learn the words instead of the voice; "
            f"record the same sentences with every emotion."
        )


def _on_duplicates(reading: Reading) -> Iterator[str]:
    if reading.conflicts:
        yield (
            f"Recordings with the same content have two speakers or emotions, one of which is wrong: "
            f"{examples(reading.conflicts)}; correct the labels."
        )


def _on_near_duplicates(pairs: Sequence[NearDuplicate]) -> Iterator[str]:
    across_speakers = [str(pair) for pair in pairs if pair.is_across_speakers]
    across_emotions = [str(pair) for pair in pairs if pair.is_across_emotions and not pair.is_across_speakers]
    if across_speakers:
        yield (
            f"{count(len(across_speakers), 'pair')} of clips hold the same recording in another file and have two speakers: "
            f"{examples(across_speakers)}; a model would be tested on what it learnt, so correct the speakers or leave one clip out."
        )
    if across_emotions:
        yield (
            f"{count(len(across_emotions), 'pair')} of clips hold the same recording in another file and have two emotions, one of "
            f"which is wrong: {examples(across_emotions)}; correct the labels."
        )
