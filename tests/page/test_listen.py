from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import BadRecordingError, RequestError
from page.engine import Engine
from page.listen import MAX_WINDOWS, WINDOW_SECONDS, listen, load_clip, window_starts_seconds
from page.tabs import AUDIO_TYPES


def test_every_family_answers_with_every_emotion(engine: Engine, clip: np.ndarray) -> None:
    found = listen(engine, clip)
    assert [prediction.family for prediction in found.predictions] == ["linear", "random_forest", "conv1d"]
    for prediction in found.predictions:
        assert tuple(prediction.probabilities) == found.emotions
        assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-3)
        assert prediction.emotion == max(prediction.probabilities, key=prediction.probabilities.get)


def test_a_champion_knows_a_clip_it_learnt_from(engine: Engine, clip: np.ndarray) -> None:
    assert listen(engine, clip).predictions[0].emotion == "angry"


def test_the_agreement_counts_the_families_that_name_the_most_named_emotion(engine: Engine, clip: np.ndarray) -> None:
    found = listen(engine, clip)
    emotion, n_agree = found.agreement
    named = [prediction.emotion for prediction in found.predictions]
    assert named.count(emotion) == n_agree == max(map(named.count, named))


def test_a_short_clip_has_no_timeline(engine: Engine, clip: np.ndarray) -> None:
    assert listen(engine, clip).timeline == ()


def test_a_long_clip_is_answered_by_the_mean_of_its_windows(engine: Engine, clip: np.ndarray) -> None:
    found = listen(engine, np.tile(clip, 5))
    assert found.timeline[0].start_seconds == 0
    assert found.timeline[-1].end_seconds == pytest.approx(found.duration_seconds, abs=0.01)
    for prediction in found.predictions:
        mean = np.mean([window.probabilities[prediction.family]["angry"] for window in found.timeline])
        assert prediction.probabilities["angry"] == pytest.approx(mean, abs=1e-3)


def test_silent_windows_are_gaps_and_do_not_count(engine: Engine, clip: np.ndarray) -> None:
    silence = np.zeros(12 * SAMPLE_RATE_HZ, dtype=np.float32)
    found = listen(engine, np.concatenate([clip, silence]))
    assert found.timeline[0].probabilities
    assert not found.timeline[-1].probabilities
    assert any(line.startswith("Mostly silence") for line in found.advice)


def test_a_clip_without_its_loud_end_is_never_all_gaps(engine: Engine) -> None:
    click = np.zeros(8 * SAMPLE_RATE_HZ, dtype=np.float32)
    click[40_000] = 0.5
    assert any(window.probabilities for window in listen(engine, click).timeline)


@pytest.mark.parametrize("seconds", [4.01, 7.3, 60.0, 300.0])
def test_windows_cover_a_recording_from_start_to_end_in_bounded_number(seconds: float) -> None:
    starts = window_starts_seconds(seconds)
    assert starts[0] == 0
    assert starts[-1] + WINDOW_SECONDS == pytest.approx(seconds, abs=1e-3)
    assert len(starts) <= MAX_WINDOWS
    assert np.diff(starts).max() < WINDOW_SECONDS


def test_four_seconds_are_heard_whole() -> None:
    assert window_starts_seconds(4.0) == ()


def test_an_answer_below_its_threshold_is_unsure(engine: Engine, clip: np.ndarray) -> None:
    class Doubtful(Engine):
        @property
        def loaded(self):
            return tuple(replace(member, abstention_threshold=1.0) for member in engine.loaded[:1]) + engine.loaded[1:]

    predictions = listen(Doubtful(engine.run.folder.path), clip).predictions
    assert [prediction.is_unsure for prediction in predictions] == [True, False, False]


def test_without_a_clip_the_request_says_what_to_do() -> None:
    with pytest.raises(RequestError, match="record one, upload one or choose an example"):
        load_clip(None)


def test_a_bad_file_is_called_by_its_name_and_not_by_its_place_on_the_server(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"nothing")
    with pytest.raises(BadRecordingError) as caught:
        load_clip(tmp_path / "broken.wav")
    assert str(caught.value).startswith("broken.wav: must be WAV, FLAC, Ogg, MP3")


def test_the_loaders_notes_stand_beside_the_advice_and_nothing_twice(engine: Engine, clip: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "clipped.wav"
    soundfile.write(path, np.clip(clip * 20, -1, 1), 16_000)
    loaded = load_clip(path)
    found = listen(engine, loaded.samples, notes=loaded.notes)
    assert found.notes == tuple(note.text for note in loaded.notes)
    (line,) = [line for line in (*found.notes, *found.advice) if line.startswith("Clipped")]
    assert line in found.notes
    assert "at the extreme of 1." in line


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.oga", "a.opus", "a.mp3", "a.aiff", "a.au", "a.caf", "a.w64"])
def test_what_can_be_uploaded_can_be_loaded(name: str, tmp_path: Path, clip: np.ndarray) -> None:
    kinds = {".oga": "OGG", ".opus": "OGG"}
    suffix = Path(name).suffix
    subtype = {"subtype": "OPUS"} if suffix == ".opus" else {}
    soundfile.write(tmp_path / name, clip, 16_000, format=kinds.get(suffix), **subtype)
    assert suffix in AUDIO_TYPES
    assert len(load_clip(tmp_path / name).samples) == pytest.approx(len(clip), rel=0.05)
