"""Sending a Space: create it if need be, one commit, wait for the build.

Everything goes in a single commit, so that a Space is never half of the old and half of the new. (``upload_folder`` cannot promise
that: it splits a commit that fails.) Calls are repeated after failures of the server or the line; each can be, without harm.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, SpaceStage, get_token
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError, OfflineModeIsEnabled
from huggingface_hub.utils import validate_repo_id

from deployment.contents import MANIFEST, Item, listed_in
from emotune.errors import DeployError

T = TypeVar("T")

RETRY_SECONDS = (1.0, 4.0, 15.0)
BUILD_BEGINS_SECONDS = 20.0
BUILD_SECONDS = 1800.0
POLL_SECONDS = 3.0
MESSAGE = "Update the page and its champions"
LINE_ERRORS = (httpx2.TimeoutException, httpx2.NetworkError, httpx2.RemoteProtocolError)

BUILDING = {SpaceStage.BUILDING, SpaceStage.RUNNING_BUILDING, SpaceStage.APP_STARTING, SpaceStage.RUNNING_APP_STARTING}
FAILED = {SpaceStage.BUILD_ERROR, SpaceStage.RUNTIME_ERROR, SpaceStage.CONFIG_ERROR, SpaceStage.NO_APP_FILE}

REASONS = {
    401: "the token is not valid; log in with `hf auth login` or set HF_TOKEN",
    402: "a Gradio Space needs a paid plan there; see https://huggingface.co/pricing, or use --target docker on another host",
    403: "the token may not write there, or the storage quota is used up; give it write access or free some storage",
    404: "there is no such place, or the token may not see it; check USER/NAME",
    409: "something else is changing this Space; wait a moment and run the same command again",
    413: "this is more than it takes at once; ship fewer champions",
    429: "too many requests or a used-up quota; wait an hour and run the same command again",
}
"""What an answer of the Hub means here, and what to do."""


@dataclass(frozen=True)
class Sent:
    """What came of it.

    Attributes
    ----------
    address : str
        Where the Space is.
    stage : str
        What the Hub calls its state, such as ``RUNNING``.
    deleted : tuple of str
        Files that were removed from an earlier version.
    log : str
        What the build or the page said, if it failed.
    """

    address: str
    stage: str
    deleted: tuple[str, ...]
    log: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether the Space does not run as it should."""
        return self.stage in FAILED


def check_name(name: str) -> str:
    """Return a Space's name if the Hub can have it.

    Raises
    ------
    DeployError
        If it is not ``USER/NAME`` in the Hub's characters.
    """
    try:
        validate_repo_id(name)
        is_good = name.count("/") == 1
    except HFValidationError:
        is_good = False
    if not is_good:
        raise DeployError(
            f"A Space is named USER/NAME, of letters, digits, '-', '_' and '.', each beginning and ending with a letter or digit, "
            f"at most 96 in all; got {name!r}."
        )
    return name


def push(items: Sequence[Item], name: str, *, is_public: bool = False, prune: bool = False) -> Sent:
    """Send a Space and wait until it runs or fails; print how it goes.

    Parameters
    ----------
    items : sequence of Item
        What it is to hold, all of it.
    name : str
        ``USER/NAME``.
    is_public : bool
        Publish it; otherwise a new Space is private, and an old one stays as it is.
    prune : bool
        Also delete files that someone else put there.

    Raises
    ------
    DeployError
        If it cannot be sent; then nothing of this version is there.
    """
    token = get_token()
    if token is None:
        raise DeployError("The Hub asks for a token, and there is none; log in with `hf auth login` or set HF_TOKEN.")
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=token)
    try:
        _check_owner(api, name)
        _create(api, name)
        deleted = _insist(lambda: _commit(api, items, name, prune=prune))
        print(f"Sent {len(items)} files in one commit; waiting for the build", flush=True)
        if is_public:
            _insist(lambda: api.update_repo_settings(name, repo_type="space", private=False))
            print("It is public now")
        stage, log = _outcome(api, name)
    except (httpx2.HTTPError, OSError, RuntimeError, ValueError) as error:
        raise DeployError(explain(error, name=name).replace(token, "…")) from None
    return Sent(f"{api.endpoint}/spaces/{name}", stage, deleted, log.replace(token, "…"))


def explain(error: Exception, *, name: str) -> str:
    """Return one sentence on an error of the Hub or the line, with the next step."""
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        reason = REASONS.get(status, "it is not well; run the same command again later, it goes on from there")
        said = f" (it says: {' '.join(error.server_message.split())})" if error.server_message else ""
        return f"The Hub answered {status} about {name}: {reason}{said}."
    if isinstance(error, OfflineModeIsEnabled):
        return "The Hub is switched off here by HF_HUB_OFFLINE; unset it and run the same command again."
    if isinstance(error, (httpx2.HTTPError, OSError)):
        return f"The Hub cannot be reached ({type(error).__name__}); check the connection and run the same command again."
    return f"The Hub does not take {name} as it is: {' '.join(str(error).split())}"


def _check_owner(api: HfApi, name: str) -> None:
    me = _insist(api.whoami)
    mine = [me["name"], *(organisation["name"] for organisation in me.get("orgs", []))]
    owner = name.partition("/")[0]
    if owner.lower() not in map(str.lower, mine):
        raise DeployError(f"This token cannot write for {owner!r}: it belongs to {', '.join(mine)}; use one of these as USER.")


def _create(api: HfApi, name: str) -> None:
    """Make sure that the Space exists; a new one is private until something is in it."""
    if not _insist(lambda: api.repo_exists(name, repo_type="space")):
        _insist(lambda: api.create_repo(name, repo_type="space", space_sdk="gradio", private=True, exist_ok=True))
        print(f"Created the private Space {name}")


def _commit(api: HfApi, items: Sequence[Item], name: str, *, prune: bool) -> tuple[str, ...]:
    """Send everything in one commit; return what it deletes."""
    present = set(api.list_repo_files(name, repo_type="space"))
    ours = present if prune else _put_there_earlier(api, name, present)
    obsolete = sorted((ours & present) - {item.path for item in items})
    api.create_commit(
        name,
        [*(CommitOperationAdd(item.path, item.content) for item in items), *(CommitOperationDelete(path) for path in obsolete)],
        repo_type="space",
        commit_message=MESSAGE,
    )
    return tuple(obsolete)


def _put_there_earlier(api: HfApi, name: str, present: Collection[str]) -> frozenset[str]:
    if MANIFEST not in present:
        return frozenset()
    with tempfile.TemporaryDirectory() as folder:
        try:
            return listed_in(Path(api.hf_hub_download(name, MANIFEST, repo_type="space", local_dir=folder)).read_bytes())
        except EntryNotFoundError:
            return frozenset()


def _outcome(api: HfApi, name: str) -> tuple[str, str]:
    """Return the Space's stage once it runs or has failed, and in the latter case what was logged."""
    deadline = time.monotonic() + BUILD_BEGINS_SECONDS
    while _insist(lambda: api.get_space_runtime(name)).stage not in BUILDING and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    try:
        stage = str(_insist(lambda: api.wait_for_space(name, timeout=BUILD_SECONDS, poll_interval=POLL_SECONDS)).stage)
    except TimeoutError:
        raise DeployError(f"{name} is sent but not built within {BUILD_SECONDS / 60:g} minutes; see its log on the Hub.") from None
    if stage not in FAILED:
        return stage, ""
    try:
        return stage, "".join(api.fetch_space_logs(name, build=stage != SpaceStage.RUNTIME_ERROR))
    except httpx2.HTTPError as error:
        return stage, f"Its log cannot be read ({type(error).__name__})."


def _insist(call: Callable[[], T]) -> T:
    """Return a call's result, repeating it while the server or the line fails."""
    for wait_seconds in RETRY_SECONDS:
        try:
            return call()
        except (HfHubHTTPError, *LINE_ERRORS) as error:
            if isinstance(error, HfHubHTTPError) and error.response.status_code < 500:
                raise
            what = error.response.status_code if isinstance(error, HfHubHTTPError) else type(error).__name__
            print(f"The Hub does not answer well ({what}); once more in {wait_seconds:g} s", flush=True)
            time.sleep(wait_seconds)
    return call()
