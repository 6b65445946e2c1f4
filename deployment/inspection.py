"""What must not go out, and what someone should know before it does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath

from deployment.contents import Item
from deployment.shipment import Outcome
from runs.licences import is_non_commercial

MAX_PLAIN_BYTES = 10_000_000
"""Largest file that the Hub takes into git itself."""

MAX_TOTAL_BYTES = 90_000_000
"""Of everything that is sent: a Space that wakes up fetches it all."""

SECRET_NAMES = (".env*", "*.pem", "*.key", "*.p12", "*.pfx", "id_rsa*", "id_ed25519*", ".netrc", ".git-credentials", "*credential*")
SECRETS = re.compile(
    rb"hf_[A-Za-z0-9]{30,}"
    rb"|AKIA[0-9A-Z]{16}"
    rb"|gh[pousr]_[A-Za-z0-9]{36}"
    rb"|xox[abprs]-[A-Za-z0-9-]{20,}"
    rb"|sk-[A-Za-z0-9_-]{32,}"
    rb"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    rb"""|(?i:api_?key|secret|passw(?:or)?d|token)["']?\s*[:=]\s*["'][^"'\s{}]{16,}["']"""
)

AUDIO_SUFFIXES = {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".aif", ".aiff", ".au", ".webm"}
AUDIO_BEGINNINGS = re.compile(rb"RIFF....WAVE|fLaC|OggS|ID3|FORM....AIF|\.snd", re.DOTALL)
OWN_AUDIO = "examples/synthetic-*"
"""The only recordings that may go: those that the project made itself."""

OWN_FOLDERS = re.compile(rb"(?<![\w.}$-])/(?:home|root|Users|mnt)/\w|[A-Za-z]:\\+Users\\")


@dataclass(frozen=True)
class Finding:
    """Something about what would be uploaded.

    Attributes
    ----------
    path : str
        The file, or the champions' folder.
    words : str
        What is the matter, and what to do.
    is_refusal : bool
        Whether it must not go out.
    """

    path: str
    words: str
    is_refusal: bool = False


def inspect(items: Iterable[Item], outcome: Outcome) -> tuple[Finding, ...]:
    """Return what is to be said about what would be uploaded, refusals first."""
    items = tuple(items)
    findings = [finding for item in items for finding in _about(item)]
    return tuple(sorted([*_about_size(items), *findings, *_about_licences(outcome)], key=lambda finding: not finding.is_refusal))


def _about(item: Item) -> Iterator[Finding]:
    path = PurePosixPath(item.path)
    is_audio = path.suffix.lower() in AUDIO_SUFFIXES or AUDIO_BEGINNINGS.match(item.content)
    if is_audio and not fnmatch(item.path, OWN_AUDIO):
        yield Finding(item.path, f"looks like a recording; only {OWN_AUDIO} may go, so move it away", is_refusal=True)
    if any(fnmatch(path.name.lower(), pattern) for pattern in SECRET_NAMES):
        yield Finding(item.path, "has the name of a secret; move it away", is_refusal=True)
    if match := SECRETS.search(item.content):
        line = item.content.count(b"\n", 0, match.start()) + 1
        yield Finding(item.path, f"holds what looks like a secret, line {line}; remove it, and revoke it", is_refusal=True)
    if len(item.content) > MAX_PLAIN_BYTES and not item.is_stored_apart:
        yield Finding(
            item.path,
            f"has {len(item.content) / 1e6:.1f} MB and would go into git, where the Hub takes {MAX_PLAIN_BYTES // 1_000_000} MB; "
            "add its suffix to LARGE_FILE_SUFFIXES",
        )
    if not item.is_stored_apart and OWN_FOLDERS.search(item.content):
        yield Finding(item.path, "names a folder of a person's machine; look whether everyone may know it")


def _about_size(items: Sequence[Item]) -> Iterator[Finding]:
    total = sum(len(item.content) for item in items)
    if total > MAX_TOTAL_BYTES:
        largest = max(items, key=lambda item: len(item.content))
        words = f"has {total / 1e6:.1f} MB in all, of which {len(largest.content) / 1e6:.1f} MB are {largest.path}"
        rule = f"{words}; at most {MAX_TOTAL_BYTES // 1_000_000} MB go out, so ship a run of fewer families"
        yield Finding("what would be sent", rule, is_refusal=True)


def _about_licences(outcome: Outcome) -> Iterator[Finding]:
    for licence in filter(is_non_commercial, outcome.licences):
        families = ", ".join(key for key, card in outcome.champions.items() if card.licence == licence)
        yield Finding(f"models of {outcome.title}", f"{licence} forbids commercial use, and the Space says so ({families})")
