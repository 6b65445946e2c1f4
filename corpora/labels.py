"""Label words in several languages, and the project's emotion that each stands for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from corpora.spellings import with_plain_numbers
from emotune.errors import CorpusError

WORDS: Mapping[str, str] = {
    "neutral": "neutral neutrality neutre neutro neutra neutrale neutralny neutralna neutralnie neu normal nötr нейтрально",
    "calm": "calm calmness ruhig ruhe calme calma calmo tranquilo tranquillo spokojny спокойствие",
    "happy": "happy happiness hap joy joyful freude fröhlich froh glücklich joie joyeux heureux gioia felice felicità felicidad "
    "alegría alegre feliz felicidade alegria radość szczęście wesoły mutlu mutluluk радость счастье 高兴 快乐 喜び",
    "sad": "sad sadness trauer traurig traurigkeit tristesse triste tristezza tristeza smutek smutny üzgün üzüntü hüzün грусть "
    "печаль 悲伤 悲しみ",
    "angry": "angry anger ang wut wütend ärger zorn zornig colère en_colère rabbia arrabbiato ira enojo enfado enojado enfadado "
    "raiva złość gniew zły kızgın öfke злость гнев 生气 愤怒 怒り",
    "fearful": "fearful fear fea afraid scared angst ängstlich furcht peur paura spaventato miedo medo strach przerażenie korku "
    "страх 害怕 恐惧 恐れ",
    "disgust": "disgust disgusted dis ekel angeekelt dégoût disgusto disgustato asco nojo wstręt obrzydzenie iğrenme tiksinti "
    "отвращение 厌恶 嫌悪",
    "surprised": "surprised surprise sur ps pleasant_surprise pleasant_surprised überrascht überraschung surpris sorpresa "
    "sorpreso sorprendido surpresa surpreso zaskoczenie zaskoczony şaşkın şaşkınlık удивление 惊讶 驚き",
    "boredom": "boredom bored langeweile gelangweilt ennui noia annoiato aburrimiento tédio nuda znudzenie скука",
}
"""The words of each emotion, by blank; every word is compared without case, accents, and blanks and hyphens between letters."""

BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])[-_\s]+(?=[^\W\d_])")
"""What joins words; elsewhere a hyphen is a sign, as in the labels ``-1``, ``-`` and ``A-``."""


def plain(word: str) -> str:
    """Return a word as it is compared: without case and accents; blanks, and hyphens between letters, become underscores."""
    decomposed = unicodedata.normalize("NFKD", with_plain_numbers(word).casefold())
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return "_".join(BETWEEN_LETTERS.sub(" ", letters).split())


def spoken(word: str) -> str:
    """Return a word in lower case with single blanks, also for underscores and hyphens between letters, and composed accents."""
    return " ".join(BETWEEN_LETTERS.sub(" ", unicodedata.normalize("NFC", with_plain_numbers(word).casefold())).split())


EMOTION_OF_WORD: Mapping[str, str] = {plain(word): emotion for emotion, words in WORDS.items() for word in words.split()}
"""The emotion of each word, as :func:`plain` writes it."""


def to_emotion(word: str, *, given: Mapping[str, str] | None = None) -> str:
    """Return the emotion that a label word stands for.

    Parameters
    ----------
    word : str
        A label as it was written.
    given : mapping of str to str, optional
        What a person said otherwise, from :func:`parse_map`.

    Returns
    -------
    str
        What the person said about the word, or else about its emotion by the emotion's name; otherwise one of the project's
        emotions, or the word itself as :func:`spoken` writes it: no label is dropped.
    """
    emotion = EMOTION_OF_WORD.get(plain(word), spoken(word))
    given = given or {}
    return given.get(plain(word)) or given.get(plain(emotion)) or emotion


def relabel(emotion: str, *, given: Mapping[str, str]) -> str:
    """Return what a person said about an emotion, by its name or else by another of its words; itself if nothing."""
    by_other_word = (said for word, said in given.items() if stands_for(word, emotion))
    return given.get(plain(emotion)) or next(by_other_word, emotion)


def stands_for(word: str, emotion: str) -> bool:
    """Tell whether a word, as :func:`plain` writes it, is an emotion's name or another word of it."""
    return plain(emotion) in (word, EMOTION_OF_WORD.get(word))


def about_emotions(given: Mapping[str, str]) -> dict[str, str]:
    """Return what a person said about emotions by their names, without what is about other words of them."""
    return {word: said for word, said in given.items() if plain(EMOTION_OF_WORD.get(word, word)) == word}


def is_known(word: str, *, given: Mapping[str, str] | None = None) -> bool:
    """Tell whether a word is one of an emotion's words, here or by what a person said."""
    return plain(word) in EMOTION_OF_WORD or plain(word) in (given or {})


def parse_map(text: str) -> dict[str, str]:
    """Read what a person said about label words.

    Parameters
    ----------
    text : str
        Pairs by comma, such as ``wut=angry,x=happy``.

    Returns
    -------
    dict of str to str
        The emotion of each word, as :func:`plain` writes the word.

    Raises
    ------
    CorpusError
        If a pair is incomplete or seems to be several, or a word is given two emotions.
    """
    given: dict[str, str] = {}
    for pair in filter(None, (pair.strip() for pair in text.split(","))):
        word, equals, emotion = (part.strip() for part in pair.partition("="))
        if not (word and equals and emotion):
            raise CorpusError(f"--map takes pairs word=emotion by comma, got {pair!r}; write for example wut=angry,x=happy.")
        if set("=;,") & set(unicodedata.normalize("NFKC", emotion)):
            raise CorpusError(
                f"--map takes pairs word=emotion by comma, got {pair!r}, whose emotion would be {emotion!r}; write for example "
                f"wut=angry,x=happy."
            )
        target = to_emotion(emotion)
        if given.setdefault(plain(word), target) != target:
            raise CorpusError(f"--map takes one emotion for each word, got {given[plain(word)]} and {target} for {word!r}; keep one.")
    return given


def describe_mapping(words: Iterable[str], *, given: Mapping[str, str] | None = None) -> str:
    """Return which word became which emotion, in one line, for a person to check."""
    pairs = {word.strip(): to_emotion(word, given=given) for word in sorted(set(words))}
    changed = ", ".join(f"{word} → {emotion}" for word, emotion in pairs.items() if word != emotion)
    kept = ", ".join(word for word, emotion in pairs.items() if word == emotion)
    parts = [changed, f"unchanged: {kept}" if kept else ""]
    return f"Labels: {'; '.join(filter(None, parts))} (--map WORD=EMOTION changes this)."
