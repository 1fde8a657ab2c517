"""A program: writes one journal for the engine at the other end of a socket.

    python -m engine.journal.program SOCKET PATH BUSY_TIMEOUT_S ACCOUNT ENVIRONMENT VENUE

It first says the number of the newest event; then each batch of rows is answered with the number
of its last once that is durable, or with the reason why it never will be. None asks for the end.
Where the engine's end of the socket is gone, so is the engine: the files are left as it left them.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

from engine.journal.chain import Identity
from engine.journal.committer import Committer
from engine.journal.errors import JournalError
from engine.journal.frames import Frames, frame

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends an engine: it decides when its journal is over."""
_READ_BYTES = 65_536  # the memory of a larger read would be asked of the kernel for each


def serve(connection: socket.socket, committer: Committer) -> bool:
    """Write what comes until the end is asked for; False when the engine went without a word."""
    frames = Frames()
    while data := connection.recv(_READ_BYTES):
        for rows in frames.feed(data):
            if rows is None:
                committer.close()
                return True
            connection.sendall(frame(_answer(committer, rows)))
            committer.tidy()
    return False


def _answer(committer: Committer, rows: list[tuple[int, str, bytes]]) -> tuple[int, str]:
    try:
        return committer.write(rows), ""
    except JournalError:
        return 0, committer.store.sealed


def main(arguments: list[str]) -> None:
    """Open the journal, or say why not, and serve."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    descriptor, path, busy_timeout_s, *identity = arguments
    with socket.socket(fileno=int(descriptor)) as connection:
        try:
            committer = Committer(
                Path(path),
                Identity(*identity),
                busy_timeout_s=float(busy_timeout_s),
                checkpoints=True,
            )
        except JournalError as error:
            connection.sendall(frame((0, str(error))))
            return
        connection.sendall(frame((committer.store.last_seq, "")))
        try:
            ended = serve(connection, committer)
        except OSError:  # the engine did not wait for the answer
            ended = False
    if not ended:
        os._exit(1)  # no exit handler may tidy up the files


if __name__ == "__main__":
    main(sys.argv[1:])
