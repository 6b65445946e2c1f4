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

    def check_begins_within(self, seconds: float, *, promised_seconds: float | None = None, source: str) -> None:
        """Refuse a part of a recording that ends before it.

        Parameters
        ----------
        seconds : float
            Length of the recording.
        promised_seconds : float, optional
            Length that its header states.
        source : str
            What the error calls the part.

        Raises
        ------
        BadRecordingError
            If the recording ends where the part begins, or before; the fault is the file's if its header promises the part's start.
        """
        if not 0 < self.start_seconds >= seconds:
            return
        rule = f"must begin within the recording, but starts at {self.start_seconds:g} s, and"
        if promised_seconds is not None and self.start_seconds < promised_seconds:
            lengths = f"of the {promised_seconds:.2f} s that its header promises {seconds:.2f} s are there"
            raise BadRecordingError(source, f"{rule} {lengths}: it is truncated or damaged; copy or record it again.")
        raise BadRecordingError(source, f"{rule} the recording ends at {seconds:.2f} s; correct its start.")


WHOLE = Part()
"""All of a recording."""
