"""Part: which seconds of a recording are wanted."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from emotune.errors import BadRecordingError


@dataclass(frozen=True)
class Part:
    """Some seconds of a recording; the whole of it by default.

    Attributes
    ----------
    start_seconds : float
        Where it begins.
    end_seconds : float or None
        Where it ends; None stands for the recording's own end.
    """

    start_seconds: float = 0.0
    end_seconds: float | None = None

    def frames(self, rate_hz: int) -> tuple[int, int]:
        """Return the first frame of the part and the one after its last, which may lie beyond the recording."""
        return round(self.start_seconds * rate_hz), sys.maxsize if self.end_seconds is None else round(self.end_seconds * rate_hz)

    def end_within(self, seconds: float) -> float:
        """Return where the part ends in a recording that lasts some seconds."""
        return seconds if self.end_seconds is None else min(seconds, self.end_seconds)

    def check_begins_within(self, seconds: float, *, source: str) -> None:
        """Refuse a part of a recording that ends before it.

        Parameters
        ----------
        seconds : float
            Length of the recording.
        source : str
            What the error calls the part.

        Raises
        ------
        BadRecordingError
            If the recording ends where the part begins, or before.
        """
        if self.start_seconds > 0 and self.start_seconds >= seconds:
            rule = (
                f"must begin within the recording, but starts at {self.start_seconds:g} s, and the recording ends at {seconds:.2f} s"
            )
            raise BadRecordingError(source, f"{rule}; correct its start.")


WHOLE = Part()
"""All of a recording."""
