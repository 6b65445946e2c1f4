"""The command line of ``deploy.py``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from emotune.arguments import given_path
from emotune.errors import DeployError, EmotuneError

if TYPE_CHECKING:
    from deployment.contents import Item

EPILOG = "Without --push nothing leaves this machine. With it, exactly the files that are listed go to the Hub, in one commit."
DOCKER_FOLDER = Path("space")


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    p = argparse.ArgumentParser(
        prog="deploy.py", description="Show what a Hugging Face Space of the page would hold and whether it runs.", epilog=EPILOG
    )
    p.add_argument("name", nargs="?", metavar="USER/NAME", help="the Space")
    p.add_argument("--push", action="store_true", help="send it; the token is HF_TOKEN or that of `hf auth login`")
    p.add_argument("--public", action="store_true", help="with --push: publish it (a new Space is private otherwise)")
    p.add_argument("--prune", action="store_true", help="with --push: delete files in the Space that others put there")
    p.add_argument(
        "--results", type=given_path, metavar="DIR", help="a run's folder (your newest complete run, else the shipped one)"
    )
    p.add_argument("--target", choices=("space", "docker"), default="space", help="docker: write the folder and a Dockerfile")
    p.add_argument("--out", type=given_path, metavar="DIR", help=f"keep the assembled folder there ({DOCKER_FOLDER}/ for docker)")
    p.add_argument("--no-start", action="store_true", help="do not try whether it runs")
    p.add_argument("--python", default=sys.executable, metavar="EXE", help="interpreter to try it with (this one)")
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(arguments)
    # Progress bars over one small commit say less than the sentences here; chosen before huggingface_hub is imported.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        _run(options)
    except EmotuneError as error:
        print(f"emotune: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nemotune: stopped.", file=sys.stderr)
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    # Imported here, so that --help answers at once.
    from deployment.contents import collect
    from deployment.hub import check_name
    from deployment.inspection import inspect
    from deployment.shipment import read_outcome
    from runs.layout import choose_run
    from runs.reader import Run

    for_docker = options.target == "docker"
    if for_docker and options.push:
        raise DeployError("--push sends a Space, and --target docker writes a folder for another host; give one of them.")
    if not for_docker:
        check_name(options.name or "")
    run = choose_run(options.results)
    print(f"Run: {Run(run).description}")
    outcome = read_outcome(run.path)
    items = collect(outcome, for_docker=for_docker)
    _list(items)
    findings = inspect(items, outcome)
    for finding in findings:
        print(f"{'REFUSED' if finding.is_refusal else 'Note'}: {finding.path}: {finding.words}.")
    refused = [finding.path for finding in findings if finding.is_refusal]
    if refused:
        raise DeployError(f"Nothing of this goes out: {', '.join(refused)} must not be uploaded; see above.")
    with _assembled(items, options.out or (DOCKER_FOLDER if for_docker else None)) as folder:
        if not options.no_start:
            _try(folder, python=options.python)
    if options.push:
        _push(items, options)
    elif for_docker:
        print(f"Written to {folder}; build it with: docker build -t emotune {folder}")
    else:
        print("Nothing was sent; --push sends exactly these files.")


def _list(items: Sequence[Item]) -> None:
    for item in items:
        print(f"{item.sha256}  {len(item.content):>10,}  {item.path}")
    print(f"{len(items)} files, {sum(len(item.content) for item in items):,} bytes in all")


@contextmanager
def _assembled(items: Sequence[Item], folder: Path | None) -> Iterator[Path]:
    """Write the items where they are to be kept, or for a moment."""
    from deployment.folder import write_folder

    with tempfile.TemporaryDirectory(prefix="emotune-") as place:
        yield write_folder(items, (folder or Path(place) / "space").resolve())


def _try(folder: Path, *, python: str) -> None:
    """Start the assembled folder in an environment of its own and tell how it went."""
    from deployment.front_matter import PYTHON_VERSION
    from deployment.start import ask_once, make_environment

    print(f"Trying it: a new environment from its requirements (about 1 GB; the Space has Python {PYTHON_VERSION})", flush=True)
    with tempfile.TemporaryDirectory(prefix="emotune-environment-", ignore_cleanup_errors=True) as place:
        answer = ask_once(folder, python=make_environment(folder, Path(place), python=python))
    memory = f"{answer.peak_bytes / 1e9:.2f} GB" if answer.peak_bytes else "not measured on this system"
    print(f"It runs: {len(answer.families)} families answered, most of them {answer.emotion!r}")
    print(f"Live took {answer.live_seconds:.1f} s of sound in chunks and ended with {answer.live!r}")
    print(f"First answer {answer.seconds:.1f} s after its start; peak memory {memory}")
    for reason in answer.unavailable:
        print(f"Note: a family could not answer: {reason}")


def _push(items: Sequence[Item], options: argparse.Namespace) -> None:
    from deployment.hub import push

    sent = push(items, options.name, is_public=options.public, prune=options.prune)
    for path in sent.deleted:
        print(f"Deleted there: {path}")
    if sent.has_failed:
        print(sent.log, file=sys.stderr)
        raise DeployError(f"{sent.address} was sent but ended as {sent.stage}; its log is above, mend that and push again.")
    print(f"{sent.stage}: {sent.address}")
