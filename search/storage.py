"""The storage of a run with several hosts: a database that Optuna reads and writes, or Optuna's gRPC proxy before one.

Every call is repeated with growing pauses while the database does not answer, so that hosts outlive a restart of it. What a call may
leave behind when its answer is lost (a trial enqueued twice, for example) is allowed for in :mod:`search.items`.
"""

from __future__ import annotations

import functools
import random
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import optuna
from optuna.storages import BaseStorage, GrpcStorageProxy, RDBStorage

from emotune.errors import StudyError

T = TypeVar("T")
KINDS = ("postgresql", "mysql", "mariadb", "sqlite", "grpc")
DRIVERS = {"postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
CONNECTION = {
    "postgresql": {"connect_timeout": 10, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3},
    "mysql": {"connect_timeout": 10},
    "mariadb": {"connect_timeout": 10},
    "sqlite": {"timeout": 60},
}
PATIENCE_SECONDS = 600.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 10.0
GRPC_SECONDS = 10.0
UNDER_THE_CACHE = {"_create_new_trial", "_get_best_trial_id", "_get_trials", "_set_trial_param"}
"""Methods of the tables that Optuna's cache calls past the public ones."""
N_OPENINGS = 8
"""Hosts that begin at once may create the same tables; Optuna raises in all but one."""


class _SilenceError(StudyError):
    """The database did not answer when it was opened."""


@dataclass(frozen=True)
class Database:
    """Where the trials and evaluations of a run are kept, and how hosts tell that one of them has died.

    Attributes
    ----------
    url : str
        An address as SQLAlchemy reads it, or ``grpc://HOST:PORT``.
    beat_seconds : float
        How often whoever works on something says so in the database.
    grace_seconds : float
        What is silent for longer is taken up elsewhere.
    poll_seconds : float
        How often a host without work looks for some.
    """

    url: str = field(repr=False)
    beat_seconds: float = 10.0
    grace_seconds: float = 60.0
    poll_seconds: float = 2.0

    @property
    def kind(self) -> str:
        """Which database, such as postgresql."""
        scheme = self.url.partition("://")[0].partition("+")[0]
        return {"postgres": "postgresql"}.get(scheme, scheme)

    @property
    def address(self) -> str:
        """The URL without its password and options, for people."""
        return without_password(self.url)


def without_password(url: str) -> str:
    """Return a URL without its password and options."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return "(no URL)"
    place = rest.partition("?")[0]
    login, at, host = place.rpartition("@")
    return f"{scheme}://{login.partition(':')[0]}{at}{host}" if at else f"{scheme}://{place}"


@functools.lru_cache(maxsize=8)
def open_database(database: Database) -> BaseStorage:
    """Return the storage of a database; each process opens it once.

    Raises
    ------
    StudyError
        If the URL is wrong, the driver is missing, or the database does not answer.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if "://" not in database.url or database.kind not in KINDS:
        raise StudyError(
            f"--storage must be an address such as postgresql://USER@HOST/NAME, mysql://…, sqlite:///FILE or grpc://HOST:PORT, "
            f"got {database.address}; correct it."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return _open_proxy(database) if database.kind == "grpc" else _open_tables(database)


def reopen_database(database: Database) -> BaseStorage:
    """Return the storage of a database that another process of this host has open, and wait for it if it is away."""
    return with_patience(lambda: open_database(database))


def _open_proxy(database: Database) -> BaseStorage:
    try:
        parts = urlsplit(database.url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port:
        raise StudyError(f"--storage grpc://HOST:PORT must name a host and a port, got {database.address}; correct it.")
    proxy = _PatientProxy(host=host, port=port)
    try:
        proxy.wait_server_ready(timeout=GRPC_SECONDS)
    except ConnectionError as error:
        raise _SilenceError(_silence(database, error)) from None
    return proxy


def _open_tables(database: Database) -> BaseStorage:
    from sqlalchemy import exc

    for attempt in range(1, N_OPENINGS + 1):
        try:
            # The cache is what Optuna itself puts over a database that is given by its URL.
            return optuna.storages.get_storage(_PatientTables(_url_with_driver(database), engine_kwargs=_engine_options(database)))
        except ImportError:
            raise StudyError(
                f"{database.address} needs a driver that is not installed; pip install "
                f"{'psycopg[binary]' if database.kind == 'postgresql' else 'pymysql'}, then run the same command again."
            ) from None
        except (exc.ArgumentError, exc.NoSuchModuleError, ValueError, KeyError) as error:
            raise StudyError(f"--storage must be an address that SQLAlchemy reads, got {database.address}: {_line(error)}") from None
        except (exc.IntegrityError, exc.ProgrammingError, exc.OperationalError) as error:
            if not (isinstance(error, exc.IntegrityError) or "exist" in str(error)) or attempt == N_OPENINGS:
                raise _SilenceError(_silence(database, error)) from None
            time.sleep(random.uniform(0.1, 1.0))
        except (exc.SQLAlchemyError, optuna.exceptions.StorageInternalError, RuntimeError) as error:
            raise _SilenceError(_silence(database, error)) from None
    raise AssertionError("the last attempt returns or raises")


def _url_with_driver(database: Database) -> str:
    """Return the URL with the driver that the extra `storage` installs, unless it names one; Optuna fills in braces."""
    scheme, _, rest = database.url.partition("://")
    driver = DRIVERS.get(database.kind)
    full = scheme if "+" in scheme or driver is None else f"{database.kind}+{driver}"
    return f"{full}://{rest}".replace("{", "{{").replace("}", "}}")


def _engine_options(database: Database) -> dict[str, Any]:
    """Return a small pool (a process has one or two threads that write) whose connections are tested before use."""
    own_driver = "psycopg" in _url_with_driver(database) if database.kind == "postgresql" else True
    options = {"connect_args": dict(CONNECTION[database.kind])} if own_driver else {}
    in_memory = database.kind == "sqlite" and database.url.rstrip("/").endswith((":memory:", "sqlite:"))
    return {**options, "pool_pre_ping": True, **({} if in_memory else {"pool_size": 2, "max_overflow": 4})}


def _silence(database: Database, error: BaseException) -> str:
    return (
        f"The database of --storage must answer, but {database.address} does not: {_line(error, database)}; start it or correct the "
        "address, then run the same command again: it continues."
    )


def _line(error: BaseException, database: Database | None = None) -> str:
    """Return the first line of what a driver says, without the password."""
    cause = error.__cause__ if isinstance(error, optuna.exceptions.StorageInternalError) and error.__cause__ else error
    said = str(getattr(cause, "orig", None) or cause).strip().splitlines()
    line = said[0] if said else type(cause).__name__
    for secret in _secrets(database.url) if database else ():
        line = line.replace(secret, "…")
    return line.rstrip(".;")


def _secrets(url: str) -> set[str]:
    """Return the passwords in a URL, as they stand there and decoded."""
    place, _, query = url.partition("?")
    login = place.partition("://")[2].rpartition("@")[0]
    found = [login.partition(":")[2], *(value for name, value in parse_qsl(query) if "pass" in name)]
    return {form for one in found if one for form in (one, unquote(one))}


def passes(error: BaseException) -> bool:
    """Return whether an error says that the database, or the proxy before it, does not answer for the time being."""
    from sqlalchemy import exc

    if isinstance(error, _SilenceError):
        return True
    cause = error.__cause__ if isinstance(error, optuna.exceptions.StorageInternalError) else error
    if isinstance(cause, exc.DBAPIError):
        return isinstance(cause, exc.OperationalError | exc.InterfaceError) or bool(cause.connection_invalidated)
    # Optuna reads trials a second time in the transaction that a lost connection has ended.
    if isinstance(cause, exc.TimeoutError | exc.PendingRollbackError):
        return True
    code = getattr(error, "code", None)
    if not callable(code) or not hasattr(error, "details"):
        return False
    name = getattr(code(), "name", "")
    behind = "StorageInternalError" in str(error.details()) or "OperationalError" in str(error.details())
    return name in ("UNAVAILABLE", "DEADLINE_EXCEEDED") or (name == "UNKNOWN" and behind)


def with_patience(call: Callable[[], T]) -> T:
    """Return what a call returns; while the database does not answer it is repeated.

    Raises
    ------
    StudyError
        If there was no answer for :data:`PATIENCE_SECONDS`.
    """
    begun, pause = time.monotonic(), FIRST_PAUSE_SECONDS
    while True:
        try:
            return call()
        except Exception as error:
            if not passes(error):
                raise
            if time.monotonic() - begun > PATIENCE_SECONDS:
                raise StudyError(
                    f"The database of --storage must answer, but has not for {PATIENCE_SECONDS / 60:.0f} minutes; start it, then run "
                    "the same command again: it continues."
                ) from None
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _patient(method: Callable[..., T]) -> Callable[..., T]:
    @functools.wraps(method)
    def call(*args: Any, **options: Any) -> T:
        return with_patience(lambda: method(*args, **options))

    return call


def _patient_methods(kind: type[BaseStorage]) -> dict[str, Any]:
    """Return every method of a storage by which Optuna reads or writes, made patient."""
    names = {name for name in vars(BaseStorage) if name.startswith(("get_", "set_", "create_", "delete_"))} | UNDER_THE_CACHE
    return {name: _patient(getattr(kind, name)) for name in names if hasattr(kind, name)}


_PatientTables: type[RDBStorage] = type("_PatientTables", (RDBStorage,), _patient_methods(RDBStorage))
_PatientProxy: type[GrpcStorageProxy] = type("_PatientProxy", (GrpcStorageProxy,), _patient_methods(GrpcStorageProxy))
