"""The journal of a run's studies: mended where a full disk or a power cut left it damaged, and written anew without some studies."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend

from emotune.errors import StudyError
from emotune.files import whole_file, write_bytes


def mend_journal(path: Path) -> str | None:
    """Mend a journal in place, if it needs it.

    Every readable entry is kept where Optuna can replay the rest without the unreadable ones; otherwise those before the first
    unreadable one. What is left out goes to a file beside the journal.

    Parameters
    ----------
    path : Path
        The journal; nothing is done if there is none.

    Returns
    -------
    str or None
        One sentence on what was done; None if nothing was.
    """
    if not path.is_file():
        return None
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    entries = [_entry(line) for line in lines]
    if all(entries):
        return None
    kept = _longest_replayable(entries)
    lost = [lines[k] for k in sorted({*range(len(lines))} - {*kept})]
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    beside = path.with_name(f"{path.name}.unreadable-{stamp}")
    write_bytes(beside, b"".join(lost))
    write_bytes(path, b"".join(lines[k] for k in kept))
    return (
        f"{path.name} was damaged: {len(lost)} of its {len(lines)} entries could not be used and are kept in {beside.name}; "
        f"the run continues from the other {len(kept)}."
    )


def keep_studies(path: Path, names: Collection[str]) -> None:
    """Write a journal anew with some of its studies and no other's entries; Optuna keeps those of the studies that it deletes.

    Parameters
    ----------
    path : Path
        The journal, which nobody else may use meanwhile; it is removed if no study is left.
    names : collection of str
        The studies to keep, with their trials and numbers.
    """
    if not names:
        path.unlink()
        return
    with whole_file(path) as anew:
        storages = [JournalStorage(WatchedJournal(str(one))) for one in (path, anew)]
        for name in sorted(names):
            optuna.copy_study(from_study_name=name, from_storage=storages[0], to_storage=storages[1])


def _longest_replayable(entries: Sequence[dict[str, Any] | None]) -> list[int]:
    """Return the numbers of the entries to keep."""
    readable = [k for k, entry in enumerate(entries) if entry]
    if _can_be_replayed([entry for entry in entries if entry]):
        return readable
    first_bad = next((k for k, entry in enumerate(entries) if not entry), len(entries))
    low, high = 0, first_bad  # the longest beginning that can be replayed
    while low < high:
        middle = (low + high + 1) // 2
        if _can_be_replayed([entry for entry in entries[:middle] if entry]):
            low = middle
        else:
            high = middle - 1
    return list(range(low))


def _entry(line: bytes) -> dict[str, Any] | None:
    """Return an entry of the journal; None if the line is not one, or was cut."""
    if not line.endswith(b"\n"):
        return None
    try:
        found = json.loads(line.decode("utf-8"))
    except ValueError:
        return None
    return found if isinstance(found, dict) and "op_code" in found and "worker_id" in found else None


class WatchedJournal(JournalFileBackend):
    """A journal in a file that something else may damage while a run uses it."""

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        """Yield the entries from a number on.

        Raises
        ------
        StudyError
            If a line is no entry; the next command mends that.
        """
        try:
            yield from super().read_logs(log_number_from)
        except ValueError as error:
            raise StudyError(
                f"Nothing but the search may write to {self._file_path}, but it was damaged during the run: {error}; run the same "
                f"command again: it goes on from what is readable."
            ) from error


class _Given(BaseJournalBackend):
    """A journal that is a list."""

    def __init__(self, entries: Sequence[dict[str, Any]]) -> None:
        self.entries = list(entries)

    def read_logs(self, log_number_from: int) -> Any:
        """Return the entries from a number on."""
        return iter(self.entries[log_number_from:])

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Refuse: this journal is only replayed."""
        raise NotImplementedError


def _can_be_replayed(entries: Sequence[dict[str, Any]]) -> bool:
    """Return whether Optuna reads the entries; those of a trial whose creation is missing it does not."""
    try:
        JournalStorage(_Given(entries)).get_all_studies()
    except Exception:  # whatever a damaged entry makes Optuna raise
        return False
    return True


optuna.logging.set_verbosity(optuna.logging.WARNING)
