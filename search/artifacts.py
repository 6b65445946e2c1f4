"""Artifacts: the arrays and weights that hosts exchange, in one of Optuna's artifact stores: a shared folder or an S3 bucket."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import optuna
from optuna.artifacts import ArtifactMeta, Backoff, Boto3ArtifactStore, FileSystemArtifactStore, upload_artifact
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from emotune.errors import StudyError
from evaluation.jobs import Job
from runs.work import WorkFolder

BUCKET = "s3://"
PROBE = "probe"
Store = FileSystemArtifactStore | Backoff


def open_artifacts(place: str) -> Store:
    """Return the artifact store of a place.

    Parameters
    ----------
    place : str
        A folder, which is made if needed, or ``s3://BUCKET``.

    Raises
    ------
    StudyError
        If it cannot be reached, or what it needs is not installed.
    """
    if not place.startswith(BUCKET):
        folder = Path(place).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        return FileSystemArtifactStore(folder)
    bucket = place.removeprefix(BUCKET).strip("/")
    if not bucket or "/" in bucket:
        raise StudyError(f"--artifacts must be a folder or s3://BUCKET, got {place}; name a bucket without a path in it.")
    try:
        store = Boto3ArtifactStore(bucket)
        store.client.head_bucket(Bucket=bucket)
    except ImportError:
        raise StudyError(f"--artifacts {place} needs boto3, which is not installed; pip install boto3, then repeat.") from None
    except Exception as error:
        if not type(error).__module__.startswith(("botocore", "boto3")) and not isinstance(error, ValueError):
            raise
        raise StudyError(
            f"The bucket of --artifacts must answer, but {place} does not: {str(error).rstrip('.')}; check its name, the credentials "
            "and AWS_ENDPOINT_URL, then run the same command again."
        ) from None
    return Backoff(store)


def put(store: Store, path: Path, trial: FrozenTrial | optuna.Trial, storage: BaseStorage) -> str:
    """Upload a file for a running trial; return the artifact's name."""
    return upload_artifact(artifact_store=store, file_path=str(path), study_or_trial=trial, storage=storage)


def put_probe(store: Store, trial: FrozenTrial, storage: BaseStorage) -> str:
    """Upload a file by which other hosts find out whether they have the same store; return the artifact's name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / PROBE
        path.write_text(PROBE, encoding="utf-8")
        return put(store, path, trial, storage)


def has(store: Store, artifact: str) -> bool:
    """Return whether an artifact can be read here."""
    try:
        store.open_reader(artifact).close()
    except ArtifactNotFound:
        return False
    return True


def fetch(store: Store, job: Job, artifacts: list[ArtifactMeta], work: WorkFolder) -> bool:
    """Keep the outcome of a job, from what was uploaded for it; return whether it is here and readable."""
    for artifact in reversed(artifacts):
        try:
            with closing(store.open_reader(artifact.artifact_id)) as packed:
                if work.unpack(job, packed):
                    return True
        except ArtifactNotFound:
            continue
    return False
