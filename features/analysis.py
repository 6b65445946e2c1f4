"""Analysis: the arrays of a clip that the input kinds share, each computed once, on first access."""

from __future__ import annotations

from functools import cached_property

from features.frames import Frames
from features.voice import Voice, track_voice


class Analysis(Frames):
    """The frames of a clip and its pitch track."""

    @cached_property
    def voice(self) -> Voice:
        """Fundamental frequency, voicing and harmonicity of each frame."""
        return track_voice(self.samples)
