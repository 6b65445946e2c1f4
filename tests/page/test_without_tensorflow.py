"""Answers need neither TensorFlow nor Keras, which a Space therefore does not install."""

from __future__ import annotations

import subprocess
import sys

from emotune.files import PROJECT_ROOT
from runs.layout import SHIPPED

ANSWER = """
import sys
sys.modules.update(tensorflow=None, keras=None)  # their import fails
import numpy as np
from page.engine import Engine
from pathlib import Path
samples = np.random.default_rng(0).normal(scale=0.1, size=16000).astype(np.float32)
for folder in sys.argv[1:]:
    engine = Engine(Path(folder))
    found = engine.predict([samples])
    print([member.problem for member in engine.members if not member.champion], len(found.probabilities))
"""


def test_every_family_of_a_shipped_result_answers_without_tensorflow() -> None:
    command = [sys.executable, "-c", ANSWER, *(str(SHIPPED / name) for name in ("everyday", "ravdess", "emodb"))]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT_ROOT, timeout=300, check=False)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines() == ["[] 10"] * 3
