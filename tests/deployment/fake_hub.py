"""As much of the Hub's HTTP API as sending a Space needs, in memory: create, list, upload, commit, build, log.

It keeps large files apart as the Hub does, takes a commit whole or not at all, and fails where it is told to.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

TOKEN = "hf_" + "x" * 34
USER, ORGANISATION = "me", "lab"
HEAD = "0" * 40
MADE_BY_THE_HUB = {".gitattributes": b"*.bin filter=lfs\n", "README.md": b"made by the Hub\n"}
APART = {".skops", ".npz", ".flac", ".ubj", ".keras"}


@dataclass
class Space:
    """A repository on the fake."""

    visibility: str
    files: dict[str, bytes] = field(
        default_factory=lambda: {".gitattributes": b"*.bin filter=lfs\n", "README.md": b"made by the Hub\n"}
    )


class FakeHub(ThreadingHTTPServer):
    """The server; use it in a ``with`` statement.

    Attributes
    ----------
    spaces : dict of str to Space
        By name.
    commits : list of list of dict
        Operations of each commit that was taken.
    calls : list of str
        Method and route of each request.
    failures : dict of str to list of (int, str)
        By route, the statuses and messages to answer with first.
    stages : list of str
        What a Space goes through after a commit; the last one stays.
    log : list of str
        Lines of the build log.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.spaces: dict[str, Space] = {}
        self.commits: list[list[dict[str, Any]]] = []
        self.calls: list[str] = []
        self.failures: dict[str, list[tuple[int, str]]] = {}
        self.stages = ["BUILDING", "APP_STARTING", "RUNNING"]
        self.log = ["installing\n", "it went wrong here\n"]
        self.blobs: dict[str, bytes] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> FakeHub:
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """Finds the route of a request: what remains of its path without the Space's name."""

    server: FakeHub
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self._read_chunks()
        path = urlsplit(self.path).path
        name = next((name for name in sorted(self.server.spaces, key=len, reverse=True) if name in path), "")
        route = path.replace(name, "NAME") if name else path
        route = "/lfs" if route.startswith("/lfs/") else route
        self.server.calls.append(f"{self.command} {route}")
        failures = self.server.failures.get(route, [])
        if failures:
            status, message = failures.pop(0)
            return self.send(status, {"error": message}, {"X-Error-Message": message})
        if path.startswith("/api/") and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.send(
                401, {"error": "Invalid credentials"}, {"X-Error-Message": "Invalid credentials in Authorization header"}
            )
        routes: dict[str, Callable[[str, bytes], None]] = {
            "GET /api/whoami-v2": self.whoami,
            "POST /api/repos/create": self.create,
            "POST /api/validate-yaml": lambda _, __: self.send(200, {"errors": [], "warnings": []}),
            "GET /api/spaces/NAME": lambda name, _: self.send(200, {"id": name, "sha": HEAD}),
            "GET /api/spaces/NAME/revision/main": lambda name, _: self.send(200, {"id": name, "sha": HEAD}),
            "GET /api/spaces/NAME/tree/main": self.tree,
            "POST /api/spaces/NAME/preupload/main": self.preupload,
            "POST /spaces/NAME.git/info/lfs/objects/batch": self.batch,
            "PUT /lfs": self.keep,
            "POST /api/spaces/NAME/commit/main": self.commit,
            "HEAD /spaces/NAME/resolve/main/deployed.json": self.manifest,
            "GET /spaces/NAME/resolve/main/deployed.json": self.manifest,
            "PUT /api/spaces/NAME/settings": self.settings,
            "GET /api/spaces/NAME/runtime": self.runtime,
            "GET /api/spaces/NAME/logs/build": self.logs,
            "GET /api/spaces/NAME/logs/run": self.logs,
        }
        handle = routes.get(f"{self.command} {route}")
        if handle is None:
            return self.send(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        handle(name, body)

    do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815 (the names that the library calls)

    def send(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def whoami(self, _: str, __: bytes) -> None:
        self.send(200, {"type": "user", "name": USER, "orgs": [{"name": ORGANISATION}]})

    def create(self, _: str, body: bytes) -> None:
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
        assert (asked["type"], asked["sdk"]) == ("space", "gradio")
        self.server.spaces[name] = Space(asked["visibility"])
        self.send(200, {"url": f"{self.server.address}/spaces/{name}"})

    def tree(self, name: str, _: bytes) -> None:
        files = self.server.spaces[name].files
        self.send(200, [{"type": "file", "path": path, "size": len(files[path]), "oid": blob_id(files[path])} for path in files])

    def preupload(self, name: str, body: bytes) -> None:
        present = self.server.spaces[name].files
        files = [
            {
                "path": one["path"],
                "uploadMode": "lfs" if PurePosixPath(one["path"]).suffix in APART else "regular",
                "shouldIgnore": False,
                "oid": blob_id(present[one["path"]]) if one["path"] in present else None,
            }
            for one in json.loads(body)["files"]
        ]
        self.send(200, {"files": files})

    def batch(self, _: str, body: bytes) -> None:
        place = f"{self.server.address}/lfs"
        objects = [{**one, "actions": {"upload": {"href": f"{place}/{one['oid']}"}}} for one in json.loads(body)["objects"]]
        self.send(200, {"transfer": "basic", "objects": objects})

    def keep(self, _: str, body: bytes) -> None:
        self.server.blobs[hashlib.sha256(body).hexdigest()] = body
        self.send(200, {})

    def commit(self, name: str, body: bytes) -> None:
        operations = [json.loads(line) for line in body.splitlines()]
        files = dict(self.server.spaces[name].files)
        for operation in operations:
            value = operation["value"]
            match operation["key"]:
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.server.blobs[value["oid"]]
                case "deletedFile":
                    del files[value["path"]]
        self.server.spaces[name].files = files
        self.server.commits.append(operations)
        self.send(200, {"commitUrl": f"{self.server.address}/spaces/{name}/commit/{HEAD}", "commitOid": HEAD})

    def manifest(self, name: str, _: bytes) -> None:
        content = self.server.spaces[name].files["deployed.json"]
        self.send(200, content, {"ETag": f'"{blob_id(content)}"', "X-Repo-Commit": HEAD})

    def settings(self, name: str, body: bytes) -> None:
        self.server.spaces[name].visibility = json.loads(body)["visibility"]
        self.send(200, {})

    def runtime(self, _: str, __: bytes) -> None:
        stages = self.server.stages
        self.send(200, {"stage": stages.pop(0) if len(stages) > 1 else stages[0]})

    def logs(self, _: str, __: bytes) -> None:
        events = [json.dumps({"data": line, "timestamp": "2026-01-01T00:00:00.000Z"}) for line in self.server.log]
        self.send(200, "".join(f"data: {event}\n\n" for event in events).encode(), {"Content-Type": "text/event-stream"})

    def log_message(self, *_: object) -> None:
        pass

    def _read_chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


def blob_id(content: bytes) -> str:
    """Return git's identifier of a file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
