"""A running engine's control server, announced so that `tradedeck status` finds it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from engine.control.server import create_control_server
from engine.control.telemetry import Telemetry
from engine.paths import EngineDir, RunningEngine, announce, withdraw


async def serve(
    telemetry: Telemetry,
    home: EngineDir,
    root: Path,
    *,
    env: Mapping[str, str],
    metrics_port: int | None,
    stack: AsyncExitStack,
) -> None:
    """Open the socket in `home`, and the port where one is given; `stack` closes both.

    Raises ControlError when either cannot be had.
    """
    socket_path = home.socket(env)
    server = create_control_server(telemetry, socket_path=socket_path, metrics_port=metrics_port)
    await server.start()
    telemetry.metrics_port = server.metrics_port
    stack.push_async_callback(server.close)
    announce(root, RunningEngine(socket=str(socket_path), pid=os.getpid()))
    stack.callback(withdraw, root, os.getpid())
