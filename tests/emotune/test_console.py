"""The console is ours: in processes of their own, since TensorFlow is imported once."""

from __future__ import annotations

import os
import subprocess
import sys

from emotune.console import NOISE
from emotune.files import PROJECT_ROOT


def stderr_of(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stderr


def test_importing_tensorflow_writes_nothing_and_it_computes() -> None:
    code = "import emotune, keras, tensorflow as tf; assert float(tf.reduce_sum(tf.ones((4, 4)) @ tf.ones((4, 4)))) == 64"
    assert stderr_of(code, TF_CPP_MIN_LOG_LEVEL="3") == ""


def test_only_absls_information_and_warnings_are_left_out() -> None:
    code = (
        "import os\nfrom emotune.console import sieved\n"
        "lines = [b'I0000 00:00:17.5 1 port.cc:153] oneDNN', b'WARNING: All log messages before absl::InitializeLog() is called', "
        "b'E0000 00:00:17.5 1 x.cc:1] broken', b'Traceback', b'no end of line']\n"
        "with sieved(): os.write(2, b'\\n'.join(lines))\n"
        "os.write(2, b'\\nafter')"
    )
    assert stderr_of(code).splitlines() == ["E0000 00:00:17.5 1 x.cc:1] broken", "Traceback", "no end of line", "after"]


def test_our_own_warnings_do_not_look_like_absls() -> None:
    assert not NOISE.match(b"WARNING: the disk is full")
    assert not NOISE.match(b"Inner predictions")
