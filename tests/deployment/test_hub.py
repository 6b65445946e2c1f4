"""Sending a Space to a Hub that creates, lists, keeps, commits, builds and fails."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from huggingface_hub import constants

from deployment import hub
from deployment.contents import MANIFEST, Item
from deployment.hub import check_name, push
from emotune.errors import DeployError
from tests.deployment.fake_hub import TOKEN, FakeHub

NAME = "me/emotune"
COMMIT = "/api/spaces/NAME/commit/main"


def held(server: FakeHub) -> dict[str, bytes]:
    return server.spaces[NAME].files


def contents(items: tuple[Item, ...]) -> dict[str, bytes]:
    return {item.path: item.content for item in items}


def test_a_new_space_is_private_and_holds_exactly_the_items_after_one_commit(
    fake_hub: FakeHub, items: tuple[Item, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    sent = push(items, NAME)
    assert held(fake_hub) == contents(items)
    assert len(fake_hub.commits) == 1
    assert fake_hub.spaces[NAME].visibility == "private"
    assert (sent.stage, sent.address, sent.has_failed) == ("RUNNING", f"{fake_hub.address}/spaces/{NAME}", False)
    assert TOKEN not in capsys.readouterr().out


def test_an_organisation_of_the_token_may_own_it(fake_hub: FakeHub, few: tuple[Item, ...]) -> None:
    push(few[:3], "lab/emotune")
    assert "lab/emotune" in fake_hub.spaces


def test_public_publishes_a_space_that_was_private_once_everything_is_there(fake_hub: FakeHub, few: tuple[Item, ...]) -> None:
    push(few[:3], NAME)
    push(few, NAME, is_public=True)
    assert fake_hub.spaces[NAME].visibility == "public"
    assert fake_hub.calls.index("PUT /api/spaces/NAME/settings") > fake_hub.calls.index(f"POST {COMMIT}")


def test_an_update_sends_what_changed_and_leaves_a_public_space_public(fake_hub: FakeHub, few: tuple[Item, ...]) -> None:
    push(few, NAME, is_public=True)
    changed = tuple(replace(item, content=b"# other\n") if item.path == "app.py" else item for item in few)
    push(changed, NAME)
    assert held(fake_hub) == contents(changed)
    assert [operation["value"].get("path") for operation in fake_hub.commits[-1][1:] if operation["key"] == "file"] == ["app.py"]
    assert fake_hub.spaces[NAME].visibility == "public"


def test_sending_the_same_again_commits_nothing(fake_hub: FakeHub, few: tuple[Item, ...]) -> None:
    small = tuple(item for item in few if not item.is_stored_apart)
    push(small, NAME)
    push(small, NAME)
    assert len(fake_hub.commits) == 1


def test_what_others_put_there_stays_and_what_an_earlier_version_put_there_goes(fake_hub: FakeHub, few: tuple[Item, ...]) -> None:
    earlier = [item for item in few if item.path != MANIFEST]
    push([*earlier, Item("old.py", b"1"), Item(MANIFEST, b'{"files": {"old.py": ""}}')], NAME)
    held(fake_hub)["theirs.md"] = b"hello"
    assert push(few, NAME).deleted == ("old.py",)
    assert held(fake_hub) == {**contents(few), "theirs.md": b"hello"}


def test_a_space_that_was_not_made_here_loses_nothing(fake_hub: FakeHub, few: tuple[Item, ...]) -> None:
    push(few[:2], NAME)
    fake_hub.spaces[NAME].files = {"theirs.md": b"hello", "app.py": b"theirs"}
    assert push(few, NAME).deleted == ()
    assert held(fake_hub) == {**contents(few), "theirs.md": b"hello"}


def test_a_manifest_that_cannot_be_read_deletes_nothing(fake_hub: FakeHub, few: tuple[Item, ...]) -> None:
    push(few, NAME)
    held(fake_hub).update({MANIFEST: b"[", "theirs.md": b"hello"})
    assert push(few, NAME).deleted == ()


def test_prune_deletes_what_others_put_there(fake_hub: FakeHub, few: tuple[Item, ...]) -> None:
    push(few, NAME)
    held(fake_hub)["theirs.md"] = b"hello"
    assert push(few, NAME, prune=True).deleted == ("theirs.md",)
    assert held(fake_hub) == contents(few)


@pytest.mark.parametrize("route", ["/api/whoami-v2", "/api/repos/create", COMMIT, "/api/spaces/NAME/runtime"])
def test_a_server_that_fails_once_is_asked_again(
    fake_hub: FakeHub, few: tuple[Item, ...], route: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_hub.failures[route] = [(500, "a hiccup")]
    assert push(few, NAME).stage == "RUNNING"
    assert held(fake_hub) == contents(few)
    assert "(500); once more" in capsys.readouterr().out


def test_a_commit_that_keeps_failing_leaves_the_space_as_it_was(fake_hub: FakeHub, few: tuple[Item, ...]) -> None:
    push(few[:3], NAME)
    before = dict(held(fake_hub))
    fake_hub.failures[COMMIT] = [(500, "down")] * 9
    with pytest.raises(DeployError, match=r"answered 500 about me/emotune.*run the same command again.*down"):
        push(few, NAME)
    assert held(fake_hub) == before


@pytest.mark.parametrize(
    ("route", "status", "said", "words"),
    [
        ("/api/repos/create", 402, "Subscribe to PRO", "needs a paid plan.*--target docker.*Subscribe to PRO"),
        ("/api/repos/create", 403, "no write access", "may not write there.*no write access"),
        (COMMIT, 403, "Private storage limit exceeded", "quota is used up.*Private storage limit exceeded"),
        (COMMIT, 409, "busy", "something else is changing"),
        (COMMIT, 413, "too large", "ship fewer champions"),
        ("/api/repos/create", 429, "slow down", "too many requests.*wait an hour"),
    ],
)
def test_a_refusal_is_one_sentence_with_the_next_step_and_is_not_repeated(
    fake_hub: FakeHub, few: tuple[Item, ...], route: str, status: int, said: str, words: str
) -> None:
    fake_hub.failures[route] = [(status, said)]
    with pytest.raises(DeployError, match=words) as caught:
        push(few, NAME)
    assert "\n" not in str(caught.value)
    assert fake_hub.commits == []


def test_a_build_that_fails_comes_with_its_log(fake_hub: FakeHub, few: tuple[Item, ...]) -> None:
    fake_hub.stages = ["BUILDING", "BUILD_ERROR"]
    sent = push(few, NAME)
    assert sent.has_failed
    assert "it went wrong here" in sent.log
    assert "GET /api/spaces/NAME/logs/build" in fake_hub.calls


def test_a_build_that_fails_is_told_even_if_its_log_cannot_be_read(fake_hub: FakeHub, few: tuple[Item, ...]) -> None:
    fake_hub.stages = ["BUILDING", "BUILD_ERROR"]
    fake_hub.failures["/api/spaces/NAME/logs/build"] = [(403, "not yours")]
    sent = push(few, NAME)
    assert sent.has_failed
    assert "cannot be read" in sent.log


def test_a_page_that_fails_comes_with_what_it_said(fake_hub: FakeHub, few: tuple[Item, ...]) -> None:
    fake_hub.stages = ["APP_STARTING", "RUNTIME_ERROR"]
    assert push(few, NAME).has_failed
    assert "GET /api/spaces/NAME/logs/run" in fake_hub.calls


def test_the_stage_of_the_version_before_is_not_taken_for_the_new_ones(fake_hub: FakeHub, few: tuple[Item, ...]) -> None:
    fake_hub.stages = ["RUNNING", "RUNNING", "RUNNING_BUILDING", "BUILD_ERROR"]
    assert push(few, NAME).has_failed


def test_a_build_without_end_is_told(fake_hub: FakeHub, few: tuple[Item, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    fake_hub.stages = ["BUILDING"]
    monkeypatch.setattr(hub, "BUILD_SECONDS", 0.05)
    with pytest.raises(DeployError, match="is sent but not built within"):
        push(few, NAME)


def test_without_a_token_nothing_is_asked(fake_hub: FakeHub, few: tuple[Item, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(DeployError, match="there is none; log in with `hf auth login` or set HF_TOKEN"):
        push(few, NAME)
    assert fake_hub.calls == []


def test_a_token_that_is_not_valid_is_told_and_never_shown(
    fake_hub: FakeHub, few: tuple[Item, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_" + "wrong" * 7)
    with pytest.raises(DeployError, match="the token is not valid; log in") as caught:
        push(few, NAME)
    assert "wrong" not in str(caught.value)


def test_a_user_the_token_does_not_belong_to_is_told_before_anything_is_made(fake_hub: FakeHub, few: tuple[Item, ...]) -> None:
    with pytest.raises(DeployError, match="cannot write for 'nobody': it belongs to me, lab"):
        push(few, "nobody/emotune")
    assert fake_hub.spaces == {}


def test_without_network_it_says_so(fake_hub: FakeHub, few: tuple[Item, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{listener.getsockname()[1]}")
    with pytest.raises(DeployError, match=r"cannot be reached \(ConnectError\); check the connection"):
        push(few, NAME)


def test_a_hub_that_is_switched_off_here_is_told(fake_hub: FakeHub, few: tuple[Item, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(DeployError, match="unset it"):
        push(few, NAME)


@pytest.mark.parametrize(
    "name", ["", "emotune", "me/", "/emotune", "me/emo tune", "me/emo/tune", "me/-x", "me/a--b", "me/x.git", "mé/x"]
)
def test_a_name_the_hub_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(DeployError, match="is named USER/NAME") as caught:
        check_name(name)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("name", ["me/emotune", "Some-One/emo.tune_2"])
def test_a_name_the_hub_can_have_is_kept(name: str) -> None:
    assert check_name(name) == name
