"""Many hosts, one run: one host finds what the journal does; several lose nothing, count nothing twice and write one outcome."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from shutil import copyfile, copytree

import optuna
import pandas as pd
import pytest
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from sqlalchemy.exc import PendingRollbackError

from corpora.synthetic import Synthetic
from emotune.errors import RunError, StudyError
from evaluation.dataset import Dataset
from leaderboard.table import read_leaderboard
from models import FAMILIES
from runs.conditions import conditions_of
from runs.layout import RunFolder
from runs.manifest import read_manifest
from search.cli import main
from search.door import FOLDER, Door
from search.hosts import run_shared
from search.items import attempts, is_lost
from search.plan import RunPlan, Shared
from search.runner import run
from search.storage import Database, open_database, with_patience
from search.study import ended_trials, open_study
from search.trial import score_config
from tests.fixtures.small_run import silent_reporter
from tests.fixtures.whole_command import OneProcess, with_few_trees, without_pictures
from tests.search.hosts import Host, Postgres, free_port, postgres

VARYING = ["tune_seconds", "fit_seconds", "predict_ms_per_clip", "run_hash", "model_mb"]
SECONDS_WITHOUT_DATABASE = 20


def shared(url: str, artifacts: Path | str) -> Shared:
    return Shared(Database(url, beat_seconds=0.5, grace_seconds=8, poll_seconds=0.3), str(artifacts))


def without_times(board: pd.DataFrame) -> pd.DataFrame:
    return board.drop(columns=VARYING)


def sentences_of(plan: RunPlan) -> tuple[pd.DataFrame | None, list[str]]:
    reporter, said = silent_reporter(), list[str]()
    reporter.say = said.append  # type: ignore[method-assign]
    return run_shared(plan, reporter), said


def studies_of(url: str) -> list[str]:
    return [name for name in optuna.get_all_study_names(open_database(Database(url))) if "-run-" not in name]


@pytest.fixture(scope="module", autouse=True)
def in_this_process() -> Iterator[None]:
    """Let the hosts of this process do their work themselves; hosts that are processes of their own have workers."""
    with pytest.MonkeyPatch.context() as patch:
        for user in ("runner", "hosts"):
            patch.setattr(f"search.{user}.WorkerPool", OneProcess)
        with_few_trees(patch)
        without_pictures(patch)
        yield


@pytest.fixture(scope="module")
def journal(small_corpus: Synthetic, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> RunPlan:
    """A finished run in its own folder."""
    families = tuple(FAMILIES[key] for key in ("dummy", "linear", "xgboost", "ensemble"))
    plan = RunPlan(
        corpus=small_corpus, families=families, n_trials=3, folder=tmp_path_factory.mktemp("journal"), data=None, cache=cache
    )
    run(plan, silent_reporter())
    return plan


@pytest.fixture(scope="module")
def alone(journal: RunPlan, tmp_path_factory: pytest.TempPathFactory) -> RunPlan:
    """The same run by one host with a database in a file."""
    folder = tmp_path_factory.mktemp("alone")
    plan = replace(journal, folder=folder / "run", shared=shared(f"sqlite:///{folder / 'run.sqlite'}", folder / "artifacts"))
    run_shared(plan, silent_reporter())
    return plan


def test_one_host_finds_what_the_journal_finds(alone: RunPlan, journal: RunPlan) -> None:
    assert alone.run.predictions.read_bytes() == journal.run.predictions.read_bytes()
    boards = [without_times(pd.read_csv(plan.run.leaderboard)).to_csv() for plan in (alone, journal)]
    assert boards[0] == boards[1]
    assert not alone.run.journal.exists()


def test_a_host_that_comes_late_says_where_the_outcome_is(alone: RunPlan, tmp_path: Path) -> None:
    board, said = sentences_of(replace(alone, folder=tmp_path / "late"))
    assert board is not None
    assert board["family"].tolist() == pd.read_csv(alone.run.leaderboard)["family"].tolist()
    assert any(str(alone.folder) in sentence for sentence in said)
    assert not (tmp_path / "late" / "leaderboard.csv").exists()


@pytest.fixture
def moved(alone: RunPlan, tmp_path: Path) -> Iterator[RunPlan]:
    """The plan of a host that has copies of the database and of the artifacts, but not the outcome."""
    assert alone.shared is not None
    copyfile(url_of(alone).removeprefix("sqlite:///"), tmp_path / "run.sqlite")
    artifacts = copytree(alone.shared.artifacts, tmp_path / "artifacts")
    there = alone.folder.rename(alone.folder.with_name("elsewhere"))
    yield replace(alone, folder=tmp_path / "again", shared=shared(f"sqlite:///{tmp_path / 'run.sqlite'}", artifacts))
    there.rename(alone.folder)


def n_attempts(plan: RunPlan) -> dict[str, int]:
    there = open_database(Database(url_of(plan)))
    return {name: len(optuna.load_study(study_name=name, storage=there).get_trials()) for name in studies_of(url_of(plan))}


def test_an_outcome_that_is_not_here_is_written_again_from_what_was_found(moved: RunPlan, alone: RunPlan) -> None:
    before = n_attempts(moved)
    run_shared(moved, silent_reporter())
    board = pd.read_csv(moved.run.leaderboard)
    assert (
        without_times(board).to_csv() == without_times(pd.read_csv(alone.folder.with_name("elsewhere") / "leaderboard.csv")).to_csv()
    )
    assert n_attempts(moved) == before


def test_a_damaged_or_missing_artifact_is_made_again(moved: RunPlan) -> None:
    assert moved.shared is not None
    damaged, missing, *_ = sorted(path for path in Path(moved.shared.artifacts).iterdir() if path.stat().st_size > 1000)
    damaged.write_bytes(damaged.read_bytes()[:100])
    missing.unlink()
    before = n_attempts(moved)
    run_shared(moved, silent_reporter())
    assert moved.run.is_complete
    assert sum(n_attempts(moved).values()) == sum(before.values()) + 2


def url_of(plan: RunPlan) -> str:
    assert plan.shared is not None
    return plan.shared.database.url


def test_a_host_with_other_data_is_refused_with_both_values(alone: RunPlan, tmp_path: Path) -> None:
    plan = replace(alone, folder=tmp_path / "other", corpus=Synthetic(n_speakers=6, n_sentences=1, n_takes=2))
    with pytest.raises(RunError, match=r"begun with all: data \w+ instead of \w+ here") as raised:
        run_shared(plan, silent_reporter())
    assert "--fresh" in str(raised.value)
    assert not (tmp_path / "other").exists()


def test_a_host_with_another_version_of_a_library_is_refused(alone: RunPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.conditions.library_versions", lambda _: {"numpy": "9.9.9"})
    with pytest.raises(RunError, match=r"numpy \S+ instead of 9.9 here"):
        run_shared(replace(alone, folder=tmp_path / "other"), silent_reporter())


def test_other_seeds_share_the_database(alone: RunPlan, tmp_path: Path) -> None:
    plan = replace(alone, folder=tmp_path / "seed", families=(FAMILIES["dummy"],), n_trials=1, seed=5)
    board = run_shared(plan, silent_reporter())
    assert board is not None
    assert board["seed"].tolist() == [5]


def test_an_older_run_at_the_same_place_of_this_machine_is_not_taken_for_the_outcome(
    alone: RunPlan, dataset: Dataset, tmp_path: Path
) -> None:
    door = Door(alone, {family.key: conditions_of(family, dataset, seed=alone.seed) for family in alone.fitted_families})
    outcome = door.outcome()
    assert outcome is not None
    assert door.holds(outcome)
    older = RunFolder(Path(copytree(alone.folder, tmp_path / "older")))
    outcome.user_attrs[FOLDER] = str(older.path)
    assert door.holds(outcome)
    replace(read_manifest(older.manifest), command="an earlier one").write(older.manifest)
    assert not door.holds(outcome)


def test_a_command_for_other_families_keeps_the_rows_of_the_first(alone: RunPlan, tmp_path: Path) -> None:
    folder = Path(copytree(alone.folder, tmp_path / "run"))
    copyfile(Path(url_of(alone).removeprefix("sqlite:///")), tmp_path / "copy.sqlite")
    place = shared(f"sqlite:///{tmp_path / 'copy.sqlite'}", tmp_path / "artifacts")
    board = run_shared(replace(alone, folder=folder, families=(FAMILIES["baseline"],), shared=place), silent_reporter())
    assert board is not None
    assert {"baseline", "linear", "xgboost", "ensemble"} <= set(board["family"])


def test_starting_over_forgets_the_trials_of_this_run_only(alone: RunPlan, tmp_path: Path) -> None:
    copyfile(Path(url_of(alone).removeprefix("sqlite:///")), tmp_path / "copy.sqlite")
    url = f"sqlite:///{tmp_path / 'copy.sqlite'}"
    before = set(studies_of(url))
    plan = replace(alone, folder=tmp_path / "run", families=(FAMILIES["linear"],), n_trials=1, fresh=True)
    board = run_shared(replace(plan, shared=shared(url, tmp_path / "artifacts")), silent_reporter())
    assert board is not None
    assert board.set_index("family").loc["linear", "n_trials"] == 2
    assert {name for name in before if "linear" not in name} <= set(studies_of(url))


def test_hosts_that_do_not_share_their_artifacts_are_told(alone: RunPlan, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'run.sqlite'}"
    plan = replace(alone, families=(FAMILIES["random_forest"],), n_trials=30)
    first = Host(replace(plan, folder=tmp_path / "first", shared=shared(url, tmp_path / "a")), "first")
    try:
        while not first.said.exists() or "plans the work" not in first.said.read_text():
            assert first.process.is_alive()
            time.sleep(0.1)
        with pytest.raises(StudyError, match="give all of them the same --artifacts"):
            run_shared(replace(plan, folder=tmp_path / "second", shared=shared(url, tmp_path / "b")), silent_reporter())
        with pytest.raises(RunError, match="leave --fresh away to join them"):
            run_shared(replace(plan, folder=tmp_path / "second", shared=shared(url, tmp_path / "a"), fresh=True), silent_reporter())
    finally:
        first.end()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--storage", "postgresql://me:hush@127.0.0.1:9/x"], "must answer, but postgresql://me@127.0.0.1:9/x does not"),
        (["--storage", "nonsense"], "--storage must be an address"),
        (["--artifacts", "s3://bucket"], "add --storage"),
        (["--storage", "sqlite:///x", "--random-search"], "leave one of them out"),
    ],
)
def test_a_wrong_address_is_answered_with_one_sentence(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["--corpus", "synthetic", "--families", "dummy", "--out", str(tmp_path), *arguments]) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert "hush" not in shown
    assert "Traceback" not in shown


def test_a_read_in_a_transaction_that_a_lost_connection_ended_is_repeated() -> None:
    answers = iter([PendingRollbackError("the transaction must be rolled back"), None])

    def read() -> str:
        error = next(answers)
        if error is not None:
            raise optuna.exceptions.StorageInternalError("An exception is raised during the commit.") from error
        return "the trials"

    assert with_patience(read) == "the trials"


def test_the_folder_does_not_record_the_password(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[RunPlan] = []
    monkeypatch.setattr("search.hosts.run_shared", lambda plan, _: planned.append(plan))
    command = ["--corpus", "synthetic", "--families", "dummy", "--out", str(tmp_path), "--storage=postgresql://me:hush@host/x"]
    assert main(command) == 0
    assert "hush" not in planned[0].command
    assert "--storage=postgresql://me@host/x" in planned[0].command
    assert planned[0].shared is not None
    assert planned[0].shared.database.url == "postgresql://me:hush@host/x"


def test_only_the_host_that_wrote_the_outcome_says_that_it_did(
    alone: RunPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("search.hosts.run_shared", lambda *_: read_leaderboard(alone.run.leaderboard))
    for folder, wrote in ((alone.folder, True), (tmp_path / "other", False)):
        assert main(["--corpus", "synthetic", "--families", "dummy", "--out", str(folder), "--storage=postgresql://host/x"]) == 0
        shown = capsys.readouterr().out
        assert "linear" in shown
        assert ("Written to" in shown) == wrote


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(scope="module")
def survivors(server: Postgres, journal: RunPlan, tmp_path_factory: pytest.TempPathFactory) -> RunPlan:
    """What three hosts leave that began at once: one is killed in a trial, one in an evaluation, and the database rests meanwhile."""
    folder = tmp_path_factory.mktemp("hosts")
    families = tuple(FAMILIES[key] for key in ("dummy", "linear", "random_forest", "ensemble"))  # its fits last long enough to be met
    plan = replace(journal, families=families, n_trials=4, shared=shared(server.url, folder / "artifacts"))
    hosts = [Host(replace(plan, folder=folder / name), name) for name in ("one", "two", "three")]
    there = open_database(Database(server.url))
    try:
        hosts[0].kill_in(lambda name: name.endswith(("-A", "-B")), there)
        server.stop()
        time.sleep(SECONDS_WITHOUT_DATABASE)
        server.start()
        hosts[1].kill_in(lambda name: name.endswith("-evaluations"), there)
        hosts[2].process.join()
        assert hosts[2].process.exitcode == 0
    finally:
        for host in hosts:
            host.end()
    return hosts[2].plan


def test_three_hosts_meet_the_budget_exactly_and_lose_nothing(survivors: RunPlan, server: Postgres) -> None:
    there = open_database(Database(server.url))
    n_lost = 0
    for name in studies_of(server.url):
        study = optuna.load_study(study_name=name, storage=there)
        trials = [trial for trial in study.get_trials() if trial.state is not TrialState.WAITING]
        counting = [trial for trial in trials if not is_lost(trial)]
        n_lost += len(trials) - len(counting)
        assert [trial.user_attrs["error"] for trial in counting if trial.state is TrialState.FAIL] == []
        assert len(attempts(study)) == len(counting)
        if not name.endswith("-evaluations"):
            assert sorted(attempts(study)) == [0, 1, 2, 3]
            assert len(ended_trials(study)) == 4
    assert n_lost >= 2


def test_three_hosts_write_one_outcome(survivors: RunPlan, server: Postgres) -> None:
    complete = [path.parent.name for path in survivors.folder.parent.glob("*/run.json") if RunFolder(path.parent).is_complete]
    assert complete == ["three"]
    door = next(name for name in optuna.get_all_study_names(open_database(Database(server.url))) if "-run-" in name)
    outcomes = [trial for trial in open_door(server, door) if trial.state is TrialState.COMPLETE]
    assert [trial.user_attrs["folder"] for trial in outcomes] == [str(survivors.folder)]


def open_door(server: Postgres, name: str) -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(study_name=name, storage=open_database(Database(server.url))).get_trials()


def test_the_trials_of_three_hosts_have_the_same_leaderboard_alone(
    survivors: RunPlan, server: Postgres, dataset: Dataset, tmp_path: Path
) -> None:
    there, again = open_database(Database(server.url)), RunFolder(tmp_path / "run")
    again.path.mkdir()
    copyfile(survivors.run.manifest, again.manifest)
    in_journal = replace(survivors, folder=again.path, shared=None)
    for study in (one for family in in_journal.fitted_families for one in in_journal.study_plans(family)):
        name = next(name for name in studies_of(server.url) if name.endswith(f"-{study.name}"))
        optuna.copy_study(
            from_study_name=name,
            from_storage=there,
            to_storage=optuna.storages.JournalStorage(JournalFileBackend(str(again.journal))),
            to_study_name=study.name,
        )
        for trial in ended_trials(open_study(study, again)):
            if trial.state is TrialState.COMPLETE:
                assert score_config(FAMILIES[study.family], trial.user_attrs["config"], study, dataset) == trial.value
    run(in_journal, silent_reporter())
    boards = [without_times(pd.read_csv(folder.leaderboard)).to_csv() for folder in (again, survivors.run)]
    assert boards[0] == boards[1]
    assert again.predictions.read_bytes() == survivors.run.predictions.read_bytes()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    boto3, moto = pytest.importorskip("boto3"), pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    boto3.client("s3").create_bucket(Bucket="emotune")
    yield "s3://emotune"
    server.stop()


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[str]:
    from optuna.storages._grpc.server import make_server

    port = free_port()
    server = make_server(open_database(Database(f"sqlite:///{tmp_path / 'behind.sqlite'}")), "127.0.0.1", port, ThreadPoolExecutor(4))
    server.start()
    yield f"grpc://127.0.0.1:{port}"
    server.stop(None)


def test_a_proxy_and_a_bucket_serve_as_a_database_and_a_folder_do(proxy: str, bucket: str, alone: RunPlan, tmp_path: Path) -> None:
    plan = replace(alone, families=(FAMILIES["dummy"], FAMILIES["linear"]), n_trials=1)
    boards = {}
    for name, place in (
        ("far", shared(proxy, bucket)),
        ("near", shared(f"sqlite:///{tmp_path / 'near.sqlite'}", tmp_path / "near-a")),
    ):
        boards[name] = run_shared(replace(plan, folder=tmp_path / name, shared=place), silent_reporter())
    assert boards["far"] is not None
    pd.testing.assert_frame_equal(without_times(boards["far"]), without_times(boards["near"]))


def test_a_bucket_that_is_not_there_is_one_sentence(bucket: str, alone: RunPlan) -> None:
    assert alone.shared is not None
    for place, message in ((f"{bucket}-not", "check its name"), ("s3://a/b", "without a path")):
        with pytest.raises(StudyError, match=message):
            run_shared(replace(alone, shared=replace(alone.shared, artifacts=place)), silent_reporter())
