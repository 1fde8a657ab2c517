"""`tradedeck status`: how the running engine is, asked over its control socket.

Standard library only: it must start fast and work on a day when little else does.
"""

from __future__ import annotations

import json
import socket
from typing import Any

from console.cli.commands.status_page import status_page
from console.cli.parsing import Options, Parser
from console.cli.settings import state_directory
from engine.errors import ControlError
from engine.paths import RunningEngine, find_running

TIMEOUT_S = 2.0
ANSWER_BYTES_MAX = 16_000_000

EXAMPLES = ("tradedeck status", "tradedeck status --json | jq .health.status")


def add_options(parser: Parser) -> None:
    """Declare the status options."""
    parser.add_argument("--json", action="store_true", help="JSON, for scripts")


def run(options: Options) -> int:
    """Print the engine's status. Raises ControlError when none answers."""
    root = state_directory(options)
    running = find_running(root)
    if running is None:
        raise ControlError(f"tradedeck status: no engine runs here ({root}); start: tradedeck")
    body = ask(running, "/status")
    if options.json:
        print(body.decode().rstrip("\n"))
        return 0
    document: dict[str, Any] = json.loads(body)
    print(status_page(document))
    return 0


def ask(running: RunningEngine, path: str) -> bytes:
    """The body of the engine's answer to a GET. Raises ControlError when there is none."""
    request = f"GET {path} HTTP/1.1\r\nHost: tradedeck\r\nConnection: close\r\n\r\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT_S)
            connection.connect(running.socket)
            connection.sendall(request.encode())
            answer = _read_all(connection)
    except TimeoutError:
        raise ControlError(
            f"tradedeck status: the engine (pid {running.pid}) does not answer within "
            f"{TIMEOUT_S:g} s"
        ) from None
    except OSError as error:
        raise ControlError(
            f"tradedeck status: no engine runs here; the last one (pid {running.pid}) is gone: "
            f"{error.strerror}"
        ) from None
    head, _, body = answer.partition(b"\r\n\r\n")
    status_line = head.partition(b"\r\n")[0].split(b" ")
    if len(status_line) < 2 or status_line[1] != b"200":
        raise ControlError(f"tradedeck status: the engine (pid {running.pid}) gave no status")
    return body


def _read_all(connection: socket.socket) -> bytes:
    chunks, size = [], 0
    while chunk := connection.recv(65_536):
        chunks.append(chunk)
        size += len(chunk)
        if size > ANSWER_BYTES_MAX:
            raise OSError(0, "its answer has no end")
    return b"".join(chunks)
