from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.journal.chain import Identity
from engine.journal.committer import Committer
from engine.journal.errors import JournalError
from engine.journal.writers import InlineWriter
from tests.support.journals import T0

ROW = (T0, "order", b"{}")


def test_a_batch_written_inline_does_not_give_up_the_event_loop(tmp_path: Path) -> None:
    identity = Identity("paper", "paper", "bybit")
    committer = Committer(tmp_path / "journal.db", identity, busy_timeout_s=1.0, checkpoints=False)
    writer = InlineWriter(committer)
    seen: list[str] = []

    async def main() -> None:
        asyncio.get_running_loop().call_soon(seen.append, "somebody else")
        assert await writer.write([ROW, ROW]) == 2
        writer.seal("the disk is full")
        with pytest.raises(JournalError, match="not written: the disk is full"):
            await writer.write([ROW])
        assert not seen

    assert writer.last_seq == 0
    asyncio.run(main())
    assert writer.failed == "the disk is full"
    assert writer.close()
