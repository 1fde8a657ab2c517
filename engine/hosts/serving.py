"""A running engine's control server, announced so that `tradedeck status` finds it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

from engine.control.server import create_control_server
from engine.control.telemetry import Telemetry
from engine.paths import EngineDir, RunningEngine, announce, withdraw


class Site(NamedTuple):
    """Where a host runs.

    state_dir     the directory of everything that any engine keeps
    env           the environment of the process
    version       the program's, as it is shown
    metrics_port  the loopback port of /health and /metrics; None for no port, 0 for a free one
    """

    state_dir: Path
    env: Mapping[str, str]
    version: str = ""
    metrics_port: int | None = None


async def serve(telemetry: Telemetry, home: EngineDir, site: Site, stack: AsyncExitStack) -> None:
    """Open the socket in `home`, and the port where one is given; `stack` closes both.

    Raises ControlError when either cannot be had.
    """
    root, socket_path = site.state_dir, home.socket(site.env)
    server = create_control_server(
        telemetry, socket_path=socket_path, metrics_port=site.metrics_port
    )
    await server.start()
    telemetry.metrics_port = server.metrics_port
    stack.push_async_callback(server.close)
    announce(root, RunningEngine(socket=str(socket_path), pid=os.getpid()))
    stack.callback(withdraw, root, os.getpid())
