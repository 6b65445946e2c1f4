"""The page through its HTTP API, as a program sees it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from audio.clip import SAMPLE_RATE_HZ, Clip
from audio.load import load
from emotune.errors import BadRecordingError
from page.engine import Engine

N_CLIENTS, N_REQUESTS = 20, 3


def tone(seconds: float, *, rate_hz: int = SAMPLE_RATE_HZ) -> np.ndarray:
    return 0.1 * np.sin(np.arange(round(seconds * rate_hz)) * 0.1)


def write(samples: np.ndarray, *, rate_hz: int = SAMPLE_RATE_HZ, **options: str) -> Callable[[Path], None]:
    return lambda path: soundfile.write(path, samples, rate_hz, **options)


def cut(name: str, *, keep: float) -> Callable[[Path], None]:
    """Write a whole file, then lose its end."""

    def write_cut(path: Path) -> None:
        whole = path.with_name(f"whole-{name}")
        soundfile.write(whole, tone(2), SAMPLE_RATE_HZ)
        path.write_bytes(whole.read_bytes()[: int(keep * whole.stat().st_size)])

    return write_cut


BAD = {
    "empty.wav": lambda path: path.write_bytes(b""),
    "text.mp3": lambda path: path.write_text("this is no sound"),
    "cut.wav": cut("cut.wav", keep=0.2),
    "cut.flac": cut("cut.flac", keep=0.2),
    "nothing.wav": write(np.zeros(0)),
    "short.wav": write(tone(0.1)),
    "long.wav": write(tone(301, rate_hz=8000), rate_hz=8000, subtype="PCM_U8"),
    "silent.wav": write(np.zeros(SAMPLE_RATE_HZ)),
    "nan.wav": write(np.full(SAMPLE_RATE_HZ, np.nan), subtype="FLOAT"),
}


@pytest.fixture(scope="module")
def client(page_url: str) -> Client:
    return Client(page_url, verbose=False)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory, synthetic_clips: tuple[Clip, ...]) -> list[Path]:
    folder = tmp_path_factory.mktemp("recordings")
    for k, clip in enumerate(synthetic_clips[:: len(synthetic_clips) // N_CLIENTS][:N_CLIENTS]):
        soundfile.write(folder / f"{k}.wav", clip.samples, SAMPLE_RATE_HZ, subtype="FLOAT")
    return sorted(folder.iterdir())


def test_exactly_these_endpoints_are_public(client: Client) -> None:
    public = {"/predict", "/teach", "/live", "/long", "/stress", "/batch", "/leaderboard"}
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == public


def test_live_keeps_a_session_a_client_and_refuses_what_is_no_sound(page_url: str, client: Client) -> None:
    chunk, other = b64encode(bytes(SAMPLE_RATE_HZ)).decode(), Client(page_url, verbose=False)
    seconds = [one.predict(chunk, "linear", api_name="/live")["seconds"] for one in (client, client, other)]
    assert seconds == [0.5, 1.0, 0.5]
    with pytest.raises(AppError, match="base64"):
        client.predict("%", "linear", api_name="/live")


def test_predict_takes_a_voice_and_returns_it_with_both_answers(client: Client, recordings: list[Path]) -> None:
    first = client.predict(handle_file(recordings[0]), api_name="/predict")
    second = client.predict(handle_file(recordings[1]), first["voice"], api_name="/predict")
    assert first["with_voice"]["n_clips"] == 0
    assert first["with_voice"]["predictions"] == first["predictions"]
    assert second["with_voice"]["n_clips"] == 1
    assert second["predictions"] == client.predict(handle_file(recordings[1]), api_name="/predict")["predictions"]
    assert second["with_voice"]["predictions"] != second["predictions"]
    with pytest.raises(AppError, match="begin a new voice"):
        client.predict(handle_file(recordings[0]), "{}", api_name="/predict")


def test_teach_returns_a_voice_and_what_it_changed(client: Client, recordings: list[Path]) -> None:
    taught = client.predict(handle_file(recordings[0]), api_name="/teach")
    taught = client.predict(handle_file(recordings[1]), "sad", taught["voice"], api_name="/teach")
    assert taught["n_clips"] == 2
    assert {lesson["n_clips"] for lesson in taught["lessons"]} == {2}
    with pytest.raises(AppError, match="bored"):
        client.predict(handle_file(recordings[1]), "bored", api_name="/teach")


def test_long_returns_rows_csv_and_labels(client: Client, recordings: list[Path]) -> None:
    found = client.predict(handle_file(recordings[0]), "linear", api_name="/long")
    assert len(found["rows"]) == 1
    assert found["csv"].startswith("channel,start_seconds")
    assert found["labels"].count("\t") == 2


def test_predict_answers_with_every_family_and_emotion(client: Client, recordings: list[Path], engine: Engine) -> None:
    found = client.predict(handle_file(recordings[0]), api_name="/predict")
    assert [prediction["family"] for prediction in found["predictions"]] == [member.key for member in engine.ready]
    assert all(list(prediction["probabilities"]) == list(engine.emotions) for prediction in found["predictions"])
    assert found["answers"] == found["predictions"], "programs written for 0.2.0 read this name"
    assert found["is_real"] is False
    assert found["unavailable"] == []


@pytest.mark.parametrize("name", BAD)
def test_every_bad_recording_is_refused_as_on_the_command_line_and_the_page_still_answers(
    client: Client, recordings: list[Path], tmp_path: Path, name: str
) -> None:
    BAD[name](tmp_path / name)
    with pytest.raises(BadRecordingError) as expected:
        load(tmp_path / name, name=name)
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(tmp_path / name), api_name="/predict")
    assert str(caught.value) == str(expected.value)
    assert client.predict(handle_file(recordings[0]), api_name="/predict")["predictions"]


def test_without_a_clip_the_api_says_so(client: Client) -> None:
    with pytest.raises(AppError, match="There is no clip yet"):
        client.predict(None, api_name="/predict")


def test_a_file_of_the_server_cannot_be_asked_for(page_url: str, results: Path) -> None:
    import httpx

    outside = {"path": str(results / "run.json"), "meta": {"_type": "gradio.FileData"}}
    call = f"{page_url.rstrip('/')}/gradio_api/call/predict"
    event = httpx.post(call, json={"data": [outside, ""]}).json()["event_id"]
    prediction = httpx.get(f"{call}/{event}").text
    assert prediction.startswith("event: error")
    assert "run.json" not in prediction


def test_a_failure_of_the_program_shows_no_inside(
    page_url: str, client: Client, recordings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(Engine, "predict", fail)
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(recordings[0]), api_name="/predict")
    assert "secret" not in str(caught.value)


def test_stress_returns_the_disturbed_clip_and_both_answers(client: Client, recordings: list[Path]) -> None:
    path, predictions = client.predict(
        clip=handle_file(recordings[0]), noise="pink", snr_db=10, semitones=2, tempo=1.25, api_name="/stress"
    )
    original, perturbed = load(recordings[0]).samples, load(path).samples
    assert len(perturbed) == pytest.approx(len(original) / 1.25, rel=0.02)
    assert predictions["before"] == client.predict(handle_file(recordings[0]), api_name="/predict")["predictions"]
    assert predictions["after"] != predictions["before"]


def test_a_disturbed_clip_keeps_its_loudness_on_the_way_out(client: Client, recordings: list[Path]) -> None:
    path, _ = client.predict(clip=handle_file(recordings[0]), gain_db=-12, api_name="/stress")
    expected = load(recordings[0]).samples * 10 ** (-12 / 20)
    np.testing.assert_allclose(load(path).samples, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("knob", "said"),
    [
        ({"snr_db": 90}, "snr_db must be a number between 0 and 40, got 90"),
        ({"tempo": None}, r"tempo must be a number between 0\.6 and 1\.6, got None"),
        ({"noise": "brown"}, "There is no noise .brown."),
        ({"noise": None}, "None"),
    ],
)
def test_a_knob_beyond_its_range_is_refused(client: Client, recordings: list[Path], knob: dict[str, object], said: str) -> None:
    with pytest.raises((AppError, ValueError), match=said):
        client.predict(clip=handle_file(recordings[0]), api_name="/stress", **knob)


def test_batch_returns_a_row_a_file_and_a_csv(client: Client, recordings: list[Path], tmp_path: Path) -> None:
    BAD["silent.wav"](tmp_path / "silent.wav")
    found = client.predict([handle_file(path) for path in (*recordings[:2], tmp_path / "silent.wav")], api_name="/batch")
    assert [bool(row["problem"]) for row in found["rows"]] == [False, False, True]
    assert found["csv"].startswith("file,family,emotion,confidence,unsure,p_neutral")


@pytest.mark.parametrize("name", ["notes.txt", "clip", "clip.mpeg"])
def test_files_are_judged_by_what_is_in_them_whatever_their_names(
    client: Client, recordings: list[Path], tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    is_sound = name != "notes.txt"
    (tmp_path / name).write_bytes(recordings[0].read_bytes() if is_sound else b"no sound")
    given = [handle_file(recordings[1]), handle_file(tmp_path / name)]
    assert [not row["problem"] for row in client.predict(given, api_name="/batch")["rows"]] == [True, is_sound]
    if is_sound:
        assert client.predict(given[1], "linear", api_name="/long")["duration_seconds"] > 0
    else:
        with pytest.raises(AppError, match=r"notes\.txt: must be WAV"):
            client.predict(given[1], "linear", api_name="/long")
    assert "Traceback" not in capfd.readouterr().err


def test_leaderboard_returns_every_family_best_first(client: Client) -> None:
    found = client.predict(api_name="/leaderboard")
    assert [row["family"] for row in found["families"]] == ["linear", "random_forest", "conv1d", "dummy"]
    assert found["families"][0]["uar"] > found["families"][1]["uar"]


def test_twenty_clients_at_once_get_what_each_gets_alone(page_url: str, client: Client, recordings: list[Path]) -> None:
    alone = [client.predict(handle_file(path), api_name="/predict") for path in recordings]

    def ask(k: int) -> list[object]:
        own = Client(page_url, verbose=False)
        return [own.predict(handle_file(recordings[k]), api_name="/predict") for _ in range(N_REQUESTS)]

    with ThreadPoolExecutor(N_CLIENTS) as pool:
        together = list(pool.map(ask, range(len(recordings))))
    assert together == [[prediction] * N_REQUESTS for prediction in alone]
