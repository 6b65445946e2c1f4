"""Items: carried out once, whoever adds them twice, takes them or dies on the way."""

from __future__ import annotations

import inspect
import re
import time
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from emotune.errors import StudyError
from search import items, storage
from search.items import OWNER, Watch, add, attempts, beating, fail_silent, finish, give_up, has_ended, id_of, take, this_process
from search.storage import Database, open_database, reopen_database, with_patience, without_password


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'items.sqlite'}", beat_seconds=0.05, grace_seconds=3, poll_seconds=1)


@pytest.fixture
def study(database: Database) -> optuna.Study:
    return optuna.create_study(storage=open_database(database))


def running(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(states=(TrialState.RUNNING,))


def test_an_item_that_was_added_twice_is_carried_out_once(study: optuna.Study, database: Database) -> None:
    there = open_database(database)
    add(study, "a")
    add(study, "a")
    assert take(there, attempts(study)["a"])
    assert attempts(study)["a"].state is TrialState.RUNNING
    assert finish(there, id_of(attempts(study)["a"]))
    assert has_ended(attempts(study)["a"])
    assert attempts(study)["a"].number == 0


def test_only_one_host_gets_an_item(study: optuna.Study, database: Database) -> None:
    add(study, 7)
    found = attempts(study)[7]
    assert [take(open_database(database), found) for _ in range(3)] == [True, False, False]


def test_a_lost_attempt_makes_way_for_the_next_and_its_outcome_does_not_count(study: optuna.Study, database: Database) -> None:
    there = open_database(database)
    add(study, "a")
    first = attempts(study)["a"]
    take(there, first)
    give_up(there, id_of(first))
    assert attempts(study) == {}
    assert not finish(there, id_of(first))
    add(study, "a")
    assert attempts(study)["a"].number == 1


def test_ending_an_attempt_twice_is_the_same_as_once(study: optuna.Study, database: Database) -> None:
    add(study, "a")
    found = attempts(study)["a"]
    take(open_database(database), found)
    assert [finish(open_database(database), id_of(found)) for _ in range(2)] == [True, True]


def test_what_is_silent_for_the_grace_period_is_given_up_and_what_beats_is_not(
    study: optuna.Study, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(items.time, "monotonic", lambda: clock[0])
    there, watch = open_database(database), Watch(database)
    for key in ("silent", "beats"):
        add(study, key)
        take(there, attempts(study)[key])
    for n_beats in range(5):
        there.set_trial_user_attr(id_of(attempts(study)["beats"]), items.BEAT, n_beats)
        assert fail_silent(there, watch, running(study)) == (n_beats == 4)
        clock[0] += 1
    assert set(attempts(study)) == {"beats"}


def test_time_in_which_the_database_was_away_is_not_silence(
    study: optuna.Study, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(items.time, "monotonic", lambda: clock[0])
    watch = Watch(database)
    add(study, "a")
    take(open_database(database), attempts(study)["a"])
    assert watch.silent(running(study)) == []
    clock[0] += 1000
    assert watch.silent(running(study)) == []


def test_what_a_dead_process_of_this_machine_had_taken_is_lost_at_once(
    study: optuna.Study, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(study, "a")
    found = attempts(study)["a"]
    take(open_database(database), found)
    assert Watch(database).silent(running(study)) == []
    dead = {**this_process(), "pid": 2**22 + 1}
    open_database(database).set_trial_user_attr(id_of(found), OWNER, dead)
    assert len(Watch(database).silent(running(study))) == 1


def test_whoever_works_on_an_attempt_beats_until_it_is_taken_for_lost(study: optuna.Study, database: Database) -> None:
    there = open_database(database)
    add(study, "a")
    found = attempts(study)["a"]
    take(there, found)
    with beating(there, id_of(found), database) as pulse:
        while attempts(study)["a"].user_attrs.get(items.BEAT, 0) < 3:
            time.sleep(0.01)
        assert not pulse.is_lost
        give_up(there, id_of(found))
        while not pulse.is_lost:
            time.sleep(0.01)


def test_every_call_that_optunas_cache_makes_is_repeated_while_the_database_is_away() -> None:
    from optuna.storages import RDBStorage, _cached_storage

    called = set(re.findall(r"_backend\.(\w+)", inspect.getsource(_cached_storage)))
    writes_or_reads = {name for name in called if "heartbeat" not in name and "stale" not in name}
    assert {"_set_trial_param", "get_trial"} <= writes_or_reads
    tables = storage._PatientTables
    assert {name for name in writes_or_reads if getattr(tables, name) is getattr(RDBStorage, name)} == set()


def silence() -> Exception:
    from sqlalchemy.exc import OperationalError

    return OperationalError("SELECT", {}, Exception("the server is starting up"))


def test_a_call_is_repeated_while_the_database_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.time, "sleep", lambda _: None)
    failures = [silence(), silence()]

    def call() -> str:
        if failures:
            raise failures.pop()
        return "an answer"

    assert with_patience(call) == "an answer"


def test_a_process_waits_for_a_database_that_is_away_when_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "later"
    monkeypatch.setattr(storage.time, "sleep", lambda _: folder.mkdir(exist_ok=True))
    database = Database(f"sqlite:///{folder / 'items.sqlite'}")
    with pytest.raises(StudyError, match="must answer"):
        open_database(database)
    assert reopen_database(database).get_all_studies() == []


def test_patience_ends_with_a_sentence_and_other_errors_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "PATIENCE_SECONDS", -1)

    def fail(error: Exception) -> None:
        raise error

    with pytest.raises(StudyError, match="must answer, but has not"):
        with_patience(lambda: fail(silence()))
    with pytest.raises(KeyError):
        with_patience(lambda: fail(KeyError("x")))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:hush@host:5432/name?password=hush", "postgresql://me@host:5432/name"),
        ("postgresql://me:h@sh@host/name", "postgresql://me@host/name"),
        ("sqlite:////tmp/x.sqlite", "sqlite:////tmp/x.sqlite"),
        ("hush", "(no URL)"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown
    assert Database(url).address == shown
    assert "hush" not in repr(Database(url))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("redis://host", "must be an address such as"),
        ("just words", "must be an address such as"),
        ("grpc://host", "must name a host and a port"),
        ("sqlite:////nowhere/at/all/db.sqlite", "must answer, but"),
        ("postgresql://me:hush@127.0.0.1:9/name", "must answer, but postgresql://me@127.0.0.1:9/name does not"),
        ("postgresql+nodriver://me:hush@127.0.0.1/name", "that SQLAlchemy reads|not installed"),
        ("mysql+mysqldb://me:hush@127.0.0.1/name", "needs a driver that is not installed; pip install pymysql"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence_without_the_password(url: str, message: str) -> None:
    with pytest.raises(StudyError, match=message) as raised:
        open_database(Database(url))
    assert "hush" not in str(raised.value)
