"""Every error a person can meet, under one root.

A message states the rule, the value that broke it and the next step, in one sentence or two; the command line and the page
show it as it is.
"""

from __future__ import annotations

from difflib import get_close_matches


class EmotuneError(Exception):
    """Root of all errors raised on purpose by this project."""


class BadRecordingError(EmotuneError):
    """A recording that cannot be used: unreadable, too short, silent, …

    Parameters
    ----------
    source : str
        Path or name of the recording.
    rule : str
        What a usable recording is, with the value that broke the rule.
    """

    def __init__(self, source: str, rule: str) -> None:
        super().__init__(f"{source}: {rule}")
        self.source = source
        self.rule = rule


class CorpusError(EmotuneError):
    """A corpus that is absent, incomplete or has too many bad files."""


class DownloadError(CorpusError):
    """A download that failed or did not match its checksum."""


class MissingLibraryError(EmotuneError):
    """An optional library that is not installed."""


class UnknownKeyError(EmotuneError):
    """A name that no registry knows; the message lists those it does."""

    def __init__(self, what: str, key: str, known: list[str]) -> None:
        alike = get_close_matches(key.lower(), known, n=1)
        meant = f"did you mean {alike[0]}? Choose from" if alike else "choose from"
        super().__init__(f"There is no {what} {key!r}; {meant}: {', '.join(known)}.")


class ProtocolError(EmotuneError):
    """A request that would break the protocol, such as a speaker on both sides of a cut."""


class ChampionError(EmotuneError):
    """A saved model that is missing, damaged or made for another preprocessing."""


class StudyError(EmotuneError):
    """A study that cannot be continued or used."""


class PredictionsError(EmotuneError):
    """Predictions or results that are missing, incomplete or do not add up."""


class RequestError(EmotuneError):
    """A request to the page that lacks something or asks for what cannot be done."""


class DeployError(EmotuneError):
    """A Space that cannot be put together, started or sent."""


class RunError(EmotuneError):
    """A run's folder that another command holds, or that cannot be read or written."""
