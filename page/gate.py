"""The gate: calls that name a file by an address are refused before Gradio sees them.

Gradio itself refuses files of this machine that nobody uploaded to the page. An address, though, it would fetch on the visitor's
behalf. Here a file is what was uploaded, and nothing else: whatever names a scheme, a host or a share is no upload.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any
from urllib.parse import unquote

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

MAX_CALL_BYTES = 4_000_000
"""Of a call's JSON; uploads have a limit of their own."""
ADDRESS = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]+:(?!\s)|//|\\\\)")
"""A scheme of two letters or more (one is a drive of Windows), a host or a share."""
FILE_FIELD = "path"
SERVED = re.compile(r".*?/gradio_api/(?:file|proxy)[=/](.*)", re.DOTALL)
"""What follows the first of them; an address may hold more."""
UPLOAD = re.compile(r".*/gradio_api/upload", re.DOTALL)
"""The one call that is no JSON: other paths that end so, such as ``run/upload``, call a handler whatever its name."""
REFUSED = "A recording must be a file that was uploaded to this page, and addresses are not fetched; download it and upload the file."
TOO_LARGE = f"A call must have at most {MAX_CALL_BYTES // 1_000_000} MB of JSON; upload recordings as files."


class Gate:
    """ASGI middleware that lets through what names no address.

    Parameters
    ----------
    app : ASGI application
        What answers the others.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif (served := SERVED.fullmatch(scope["path"])) and is_address(served.group(1)):
            await _refuse(send, 400, REFUSED)
        elif scope["method"] == "POST" and not UPLOAD.fullmatch(scope["path"]):
            await self._judge(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _judge(self, scope: Message, receive: Receive, send: Send) -> None:
        messages, body = [], b""
        while True:
            message = await receive()
            messages.append(message)
            body += message.get("body", b"")
            if len(body) > MAX_CALL_BYTES:
                await _refuse(send, 413, TOO_LARGE)
                return
            if message["type"] != "http.request" or not message.get("more_body", False):
                break
        if names_an_address(body):
            await _refuse(send, 400, REFUSED)
            return
        read = iter(messages)

        async def again() -> Message:
            return next(read, None) or await receive()

        await self._app(scope, again, send)


def is_address(path: str) -> bool:
    """Return whether a file's path is something to fetch, however it is written."""
    return bool(ADDRESS.match(path) or ADDRESS.match(unquote(path)))


def names_an_address(body: bytes) -> bool:
    """Return whether a call's JSON names a file by an address; what is no JSON names none."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return any(isinstance(path, str) and is_address(path) for path in _paths_in(content))


def _paths_in(content: Any) -> Iterator[Any]:
    waiting = [content]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if FILE_FIELD in one:
                yield one[FILE_FIELD]
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


async def _refuse(send: Send, status: int, words: str) -> None:
    body = json.dumps({"detail": words}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
