"""A transport that answers as a test says, and remembers everything that was sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Reply:
    """One HTTP answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Sent:
    """One HTTP request as it went out."""

    method: str
    path: str
    query: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


def ok(result: object, **extra: object) -> Reply:
    """A reply of the usual envelope."""
    return Reply(200, json.dumps({"retCode": 0, "retMsg": "OK", "result": result} | extra).encode())


def code(ret_code: int, message: str = "text", headers: Mapping[str, str] | None = None) -> Reply:
    """A business error: HTTP 200 with a return code."""
    body = {"retCode": ret_code, "retMsg": message, "result": {}, "time": 1_700_000_000_000}
    return Reply(200, json.dumps(body).encode(), headers or {})


def page(*rows: object, cursor: str = "") -> Reply:
    """One page of a query."""
    return ok({"list": list(rows), "nextPageCursor": cursor})


class ScriptedStream:
    """One WebSocket. `sent` is what the client said; `push` is what the venue says."""

    def __init__(
        self,
        path: str,
        on_message: Callable[[bytes], None],
        on_close: Callable[[str], None],
        transport: ScriptedTransport,
    ) -> None:
        self.path = path
        self.sent: list[dict[str, Any]] = []
        self.closed = False
        self._on_message = on_message
        self.drop = on_close
        self._transport = transport

    def send(self, message: bytes) -> None:
        said = json.loads(message)
        self.sent.append(said)
        answer = self._transport.answer_stream(said)
        if answer is not None:
            self.push(answer)

    def close(self) -> None:
        self.closed = True

    def push(self, message: object) -> None:
        self._on_message(message if isinstance(message, bytes) else json.dumps(message).encode())


class ScriptedTransport:
    """HTTP answers by (path) in order, the last one for ever; streams that accept everything."""

    def __init__(self, answers: Mapping[str, list[Any]] | None = None) -> None:
        self.answers = {path: list(listed) for path, listed in (answers or {}).items()}
        self.sent: list[Sent] = []
        self.streams: list[ScriptedStream] = []
        self.refuse_streams: list[BaseException] = []
        self.answer_stream: Callable[[dict[str, Any]], object] = agree

    async def request(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        sent = Sent(method, path, query, body, headers)
        self.sent.append(sent)
        listed = self.answers.get(path, [page()])
        answer = listed.pop(0) if len(listed) > 1 else listed[0]
        if isinstance(answer, BaseException):
            raise answer
        if callable(answer):
            found: Reply = await answer(sent)
            return found
        assert isinstance(answer, Reply)
        return answer

    async def open_stream(
        self, path: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None]
    ) -> ScriptedStream:
        if self.refuse_streams:
            raise self.refuse_streams.pop(0)
        stream = ScriptedStream(path, on_message, on_close, self)
        self.streams.append(stream)
        return stream

    def paths(self) -> list[str]:
        """Where the requests went."""
        return [sent.path for sent in self.sent]


def agree(said: dict[str, Any]) -> object:
    """The venue's friendly answer to anything said on a stream."""
    if said["op"] == "ping":
        return {"op": "pong", "args": ["1"]}
    return {"success": True, "ret_msg": "", "op": said["op"], "conn_id": "c"}
