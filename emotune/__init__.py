"""The ground floor: the version, the errors, the registry, whole files, and which source files stand behind a module."""

from emotune.console import quieten

__version__ = "0.8.1"

quieten()
