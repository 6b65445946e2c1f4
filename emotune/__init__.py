"""The ground floor: the version, the errors, the registry, whole files, and which source files stand behind a module."""

import os

__version__ = "0.3.0"

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported anywhere: errors only
