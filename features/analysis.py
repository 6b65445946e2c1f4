"""Analysis: everything about a clip that input kinds share, each part computed once, when first asked for."""

from __future__ import annotations

from functools import cached_property

from features.frames import Frames
from features.voice import Voice, track_voice


class Analysis(Frames):
    """The frames of a clip and its voice source."""

    @cached_property
    def voice(self) -> Voice:
        """Fundamental frequency, voicing and harmonicity of each frame."""
        return track_voice(self.samples)
