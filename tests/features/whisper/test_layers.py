"""The input kind of the encoder's layers, as other processes get it."""

import pickle

from features.whisper.layers import WhisperLayers
from features.whisper.weights import use_whisper


def test_another_process_uses_the_encoder_that_this_one_was_told_to_use(tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).touch()
    use_whisper(tmp_path)
    try:
        kind = WhisperLayers()
        assert kind.folder == tmp_path
    finally:
        use_whisper(None)
    assert pickle.loads(pickle.dumps(kind)).folder == tmp_path
