"""The control server: health, metrics and status over HTTP, from the engine's own loop.

It listens on a Unix socket that only the engine's user may open, and, when asked to, on a loopback
port that answers `/health` and `/metrics` alone. Whatever a web page could send is refused before
it is looked at: a foreign Host, any Origin, any method but GET, any body.

aiohttp is imported when the server starts, so that a console's first picture does not wait for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import stat
import struct
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from engine.control.health import Health, HealthStatus, StatusDocument
from engine.core.plain import to_plain
from engine.errors import ControlError
from engine.paths import make_private

if TYPE_CHECKING:
    from aiohttp import web

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
JSON_TYPE = "application/json; charset=utf-8"
HEADER_BYTES_MAX = 8_192
PROBE_TIMEOUT_S = 0.5
SAFE_FETCH_SITES = frozenset({"none", "same-origin"})
TRUSTED_UIDS = frozenset({0})
"""Users beside our own who may ask: nothing keeps root out anyway."""


class ControlSource(Protocol):
    """What the server tells about; called on the server's loop, once a request."""

    def health(self) -> Health: ...

    async def metrics_text(self) -> str:
        """All metrics in Prometheus' text format."""
        ...

    def status(self) -> StatusDocument: ...


def create_control_server(
    source: ControlSource, *, socket_path: Path, metrics_port: int | None = None
) -> ControlServer:
    """Make a server for `source`; nothing is opened before `start`.

    `metrics_port` 0 takes any free port, None opens none.
    """
    return ControlServer(source, socket_path=socket_path, metrics_port=metrics_port)


class ControlServer:
    """Owns the socket and the port. `start` and `close` run on the engine's loop."""

    def __init__(
        self, source: ControlSource, *, socket_path: Path, metrics_port: int | None
    ) -> None:
        self._source = source
        self.socket_path = socket_path
        self.metrics_port = metrics_port
        self._runners: list[web.AppRunner] = []
        self._socket_identity: tuple[int, int] | None = None

    async def start(self) -> None:
        """Open the socket and the port; `metrics_port` then is the real one.

        Raises ControlError when another engine answers on the socket or the port is taken;
        nothing stays open then.
        """
        try:
            await self._serve(_bind_socket(self.socket_path), local=True)
            found = self.socket_path.lstat()
            self._socket_identity = (found.st_dev, found.st_ino)
            if self.metrics_port is not None:
                listener = _bind_port(self.metrics_port)
                self.metrics_port = listener.getsockname()[1]
                await self._serve(listener, local=False)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Stop answering and remove the socket, unless another engine has put its own there."""
        while self._runners:
            await self._runners.pop().cleanup()
        if self._socket_identity is None:
            return
        try:
            found = self.socket_path.lstat()
        except FileNotFoundError:
            return
        if (found.st_dev, found.st_ino) == self._socket_identity:
            self.socket_path.unlink(missing_ok=True)
        self._socket_identity = None

    async def _serve(self, listener: socket.socket, *, local: bool) -> None:
        # The import takes 0.4 s, which an engine's loop cannot spare.
        web = await asyncio.to_thread(import_module, "aiohttp.web")
        guard = _refuse_other_users if local else _refuse_foreign_hosts(listener.getsockname()[1])
        app = web.Application(middlewares=[_guarded(guard)])
        routes = {"/health": self._health, "/metrics": self._metrics}
        if local:
            routes["/status"] = self._status
        for path, handler in routes.items():
            app.router.add_get(path, handler, allow_head=False)
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=_silent_logger(),
            handle_signals=False,
            lingering_time=0.0,
            max_line_size=HEADER_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
        )
        self._runners.append(runner)
        await runner.setup()
        await web.SockSite(runner, listener).start()

    async def _health(self, _request: web.Request) -> web.StreamResponse:
        health = self._source.health()
        code = 200 if health.status is HealthStatus.OK else 503
        return _answer(msgspec.json.encode(health), JSON_TYPE, code)

    async def _metrics(self, _request: web.Request) -> web.StreamResponse:
        text = await self._source.metrics_text()
        return _answer(text.encode(), METRICS_TYPE)

    async def _status(self, _request: web.Request) -> web.StreamResponse:
        return _answer(msgspec.json.encode(to_plain(self._source.status())), JSON_TYPE)


def _answer(body: bytes, content_type: str, status: int = 200) -> web.StreamResponse:
    from aiohttp import web

    headers = {
        "Content-Type": content_type,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(body=body, status=status, headers=headers)


def _refusal(status: int, problem: str) -> web.StreamResponse:
    response = _answer(msgspec.json.encode({"error": problem}), JSON_TYPE, status)
    response.force_close()
    return response


def _guarded(guard: Callable[[web.Request], str]) -> Callable[..., Awaitable[web.StreamResponse]]:
    """A middleware that refuses what `guard` names, and whatever no honest reader sends."""
    from aiohttp import web

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        forbidden = guard(request) or _refuse_browsers(request)
        if forbidden:
            return _refusal(403, forbidden)
        if request.method != "GET":
            response = _refusal(405, "only GET is answered")
            response.headers["Allow"] = "GET"
            return response
        if request.can_read_body or request.content_length:
            return _refusal(413, "a body is not accepted")
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return _refusal(404, "not found; try /health or /metrics")

    return middleware


def _refuse_browsers(request: web.Request) -> str:
    """Pages of other sites are told nothing: they name their origin, or the browser does."""
    if "Origin" in request.headers:
        return "requests of web pages are refused"
    site = request.headers.get("Sec-Fetch-Site", "none")
    return "" if site in SAFE_FETCH_SITES else "requests of other sites are refused"


def _refuse_foreign_hosts(port: int) -> Callable[[web.Request], str]:
    allowed = {f"{host}:{port}" for host in ("127.0.0.1", "localhost", "[::1]")}

    def guard(request: web.Request) -> str:
        hosts = request.headers.getall("Host", [])
        return "" if len(hosts) == 1 and hosts[0] in allowed else "this host name is refused"

    return guard


def _refuse_other_users(request: web.Request) -> str:
    """The socket's mode keeps other users out; this holds where a mode is not honoured."""
    peer = request.transport.get_extra_info("socket") if request.transport else None
    if peer is None or not hasattr(socket, "SO_PEERCRED"):
        return ""
    packed = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, _gid = struct.unpack("3i", packed)
    return "" if uid in TRUSTED_UIDS | {os.geteuid()} else "this user is refused"


def _bind_socket(path: Path) -> socket.socket:
    make_private(path.parent)
    _clear_stale_socket(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
    except OSError as error:
        listener.close()
        problem = error.strerror or str(error)
        raise ControlError(f"{path}: cannot open the control socket: {problem}") from None
    return listener


def _clear_stale_socket(path: Path) -> None:
    """Remove the socket of an engine that died. Raises ControlError when one answers on it."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ControlError(f"{path}: is not a socket; move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_TIMEOUT_S)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise ControlError(f"{path}: cannot be asked who owns it: {error}") from None
    raise ControlError(f"{path}: an engine already runs here; stop it or use another --state-dir")


def _bind_port(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise ControlError(
            f"127.0.0.1:{port}: cannot serve metrics here: {error.strerror}; "
            "use another --metrics-port, or 0 for any"
        ) from None
    return listener


def _silent_logger() -> logging.Logger:
    """What a client does wrong is told to the client; the terminal belongs to the console."""
    logger = logging.getLogger("tradedeck.control")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    return logger
