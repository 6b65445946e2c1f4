"""``--check``: what recordings are like, whether a run would go with them, and which folds it would have; nothing is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from corpora import Corpus, Reading
from corpora.checks import warnings_for
from corpora.choose import choose_corpus
from corpora.combined import parts_of
from corpora.measures import files_not_read, measure
from corpora.named_files import NamedFiles
from corpora.near_duplicates import find_near_duplicates
from corpora.overview import ABSENT, Findings, overview
from corpora.own import Options, OwnRecordings
from corpora.places import existing_folder, expanded, is_there
from corpora.salvage import salvage, salvage_place
from corpora.sections import Section, html_page, printable, show
from emotune.errors import EmotuneError, RunError
from emotune.files import write_text
from evaluation.folds import SPEAKERS, Folds
from models import FAMILIES
from search.options import CHECK_PAGE, require_place
from search.plan import RunPlan
from search.possible import impossible
from search.progress import ConsoleReporter
from search.runner import make_dataset, select_emotions

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Request:
    """What a person wants to have checked.

    Attributes
    ----------
    name : str or None
        What ``--corpus`` takes; None for what lies in the data folder.
    data : Path or None
        The data folder.
    own : Options
        What is said about own recordings.
    protocol : str
        Which rule makes the folds.
    emotions : str or None
        Which emotions are kept.
    allow_download : bool
        Download into a folder that a person named, though it is not empty.
    out : Path or None
        Where the page goes: a folder, or a file with the suffix ``.html``.
    """

    name: str | None
    data: Path | None = None
    own: Options = field(default_factory=Options)
    protocol: str = SPEAKERS
    emotions: str | None = None
    allow_download: bool = False
    out: Path | None = None

    @property
    def page(self) -> Path:
        """Where the page goes."""
        if self.out is not None and self.out.suffix.lower() in (".html", ".htm"):
            return self.out.resolve()
        return ((self.out or Path()) / CHECK_PAGE).resolve()


@dataclass(frozen=True, eq=False)
class CheckResult:
    """What a check found.

    Attributes
    ----------
    findings : Findings or None
        About the recordings; None if nothing could be read.
    folds : Folds or None
        That a run would have; None if it would be refused.
    refusal : str
        The sentence with which a run would be refused.
    impossible : str
        Which families a run would leave out for want of speakers.
    """

    findings: Findings | None
    folds: Folds | None
    refusal: str = ""
    impossible: str = ""


def check(request: Request, *, console: Console, reporter: ConsoleReporter) -> int:
    """Check recordings; show what was found and write it as a page.

    Parameters
    ----------
    request : Request
        What to check.
    console : Console
        Where the tables are shown.
    reporter : ConsoleReporter
        Tells of the progress.

    Returns
    -------
    int
        0 if a run would go, 2 if it would be refused.

    Raises
    ------
    RunError
        If the page cannot be written where it is to go.
    """
    require_place(request.page.parent)
    if request.page.is_dir():
        raise RunError(f"--out must be a folder or a page's name (.html), but {request.page} is a folder; name another one.")
    with reporter.progress("Reading the recordings") as progress:
        result = check_recordings(request, progress=progress)
    title = f"Check of {request.name or 'the data folder'}"
    verdict = _verdict(result)
    sections = [*(overview(result.findings) if result.findings else ()), *_folds(result)]
    show([Section(title, (verdict,)), *sections], console)
    write_text(request.page, html_page(title, verdict, sections, is_refused=bool(result.refusal)))
    console.print(printable(f"\nWritten to {request.page}"), markup=False, soft_wrap=True)
    return 2 if result.refusal else 0


def check_recordings(request: Request, *, progress: Progress | None = None) -> CheckResult:
    """Do what a run does before it trains, and keep what can be told where the run would be refused."""
    corpus: Corpus | None = None
    try:
        corpus = choose_corpus(request.name, data=request.data, allow_download=request.allow_download, options=request.own)
        reading = corpus.read(request.data, progress=progress, allow_download=request.allow_download)
    except EmotuneError as error:
        refused = _salvaged(request, corpus, progress=progress)
        return CheckResult(_find(request, corpus, refused) if refused else None, None, str(error))
    plan = RunPlan(
        corpus, (), n_trials=1, folder=request.page.parent, data=request.data, protocol=request.protocol, emotions=request.emotions
    )
    try:
        reading = select_emotions(plan, reading)
        dataset = make_dataset(plan, reading)
        left_out = impossible(FAMILIES.values(), dataset)
    except EmotuneError as error:
        return CheckResult(_find(request, corpus, reading), None, str(error))
    return CheckResult(_find(request, corpus, reading), dataset.folds, impossible=left_out)


def _salvaged(request: Request, corpus: Corpus | None, *, progress: Progress | None) -> Reading | None:
    """Read what can be read of recordings that a run would refuse."""
    try:
        if corpus is not None:
            return salvage(corpus, request.data, progress=progress)
        place = expanded(request.name) if request.name else request.data
        return salvage_place(place, options=request.own, progress=progress) if place and is_there(place) else None
    except EmotuneError:
        return None


def _find(request: Request, corpus: Corpus | None, reading: Reading) -> Findings:
    near_duplicates = find_near_duplicates(reading.clips)
    findings = Findings(corpus, reading, measure(reading.clips), near_duplicates)
    if corpus is None:
        return findings
    warnings = warnings_for(reading, near_duplicates=near_duplicates)
    return replace(findings, warnings=warnings, unread=_unread(corpus, request.data))


def _unread(corpus: Corpus, data: Path | None) -> tuple[str, ...]:
    """Return which files lie beside the recordings of a corpus, or of several, and were not read."""
    read: list[Path] = []
    folders: list[Path] = []
    for part in parts_of(corpus):
        if isinstance(part, OwnRecordings):
            folders.append(part.locate())
            read += [recording.path for recording in part.recordings]
        elif isinstance(part, NamedFiles):
            folders.append(existing_folder(data))
            read += [recording.path for recording in part.survey(folders[-1]).recordings]
    return tuple(sentence for folder in dict.fromkeys(folders) for sentence in files_not_read(folder, read=read))


def _verdict(result: CheckResult) -> str:
    if result.refusal or result.folds is None:
        return f"A run would be refused: {result.refusal}"
    left_out = f" {result.impossible}." if result.impossible else ""
    return f"A run would go, with {len(result.folds.test_speakers)} folds ({result.folds.name}).{left_out}"


def _folds(result: CheckResult) -> list[Section]:
    """Show the folds that a run would have."""
    if result.folds is None or result.findings is None:
        return []
    reading = result.findings.reading
    fold_of_speaker = result.folds.fold_of_speaker()
    rows = []
    for fold, speakers in enumerate(result.folds.test_speakers):
        tested = [clip.emotion for clip in reading.clips if fold_of_speaker[clip.speaker] == fold]
        counts = (str(tested.count(emotion) or ABSENT) for emotion in reading.emotions)
        rows.append((f"{fold + 1} {result.folds.half_of(fold)}", ", ".join(speakers), *counts, str(len(tested))))
    columns = ("fold", "test speakers", *reading.emotions, "clips")
    sentence = f"The rule is {result.folds.name}. What was tuned on one half, A or B, is tested on the folds of the other."
    is_text = tuple(k < 2 for k in range(len(columns)))
    return [Section("Folds that would result", (sentence,), columns=columns, rows=tuple(rows), is_text=is_text)]
