from __future__ import annotations

import numpy as np
import soundfile

from page.examples import FOLDER, make_examples

MAX_BYTES = 100_000


def test_the_examples_are_what_the_command_makes_and_small() -> None:
    made = make_examples()
    assert {path.stem for path in FOLDER.iterdir()} == set(made)
    for name, samples in made.items():
        path = FOLDER / f"{name}.flac"
        assert path.stat().st_size < MAX_BYTES
        np.testing.assert_allclose(soundfile.read(path)[0], samples, atol=2e-4)
        assert soundfile.info(path).samplerate == 16_000


def test_every_example_is_called_synthetic() -> None:
    assert all(name.startswith("synthetic-") for name in make_examples())
