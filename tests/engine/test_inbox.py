from __future__ import annotations

import asyncio
import threading

import pytest

from engine import inbox as module
from engine.core.commands import CancelAll, Reconcile
from engine.core.requests import TimerFired
from engine.inbox import Inbox, InboxFull


def command(name: str) -> Reconcile:
    return Reconcile(command_id=name)


def report(name: str) -> TimerFired:
    return TimerFired(kind="look", key=name)


def refuse(error: InboxFull) -> None:
    raise error


def test_commands_come_before_reports_and_each_lane_keeps_its_order() -> None:
    async def main() -> None:
        inbox = Inbox(refuse)
        inbox.put(report("r1"))
        inbox.put(report("r2"))
        assert inbox.put_command(command("c1"))
        assert inbox.put_command(command("c2"))
        assert len(inbox) == 4
        assert await inbox.take(3) == [command("c1"), command("c2"), report("r1")]
        assert await inbox.take(3) == [report("r2")]
        assert len(inbox) == 0

    asyncio.run(main())


def test_a_reader_waits_and_is_woken_by_either_lane() -> None:
    async def main() -> None:
        inbox = Inbox(refuse)
        reader = asyncio.create_task(inbox.take(9))
        await asyncio.sleep(0)
        assert not reader.done()
        inbox.put(report("r1"))
        inbox.put(report("r2"))
        assert await reader == [report("r1"), report("r2")]
        reader = asyncio.create_task(inbox.take(9))
        await asyncio.sleep(0)
        inbox.put_command(command("c1"))
        assert await reader == [command("c1")]

    asyncio.run(main())


def test_a_command_from_the_loop_itself_wakes_the_reader_in_the_same_turn() -> None:
    async def main() -> None:
        inbox = Inbox(refuse)
        reader = asyncio.create_task(inbox.take(9))
        await asyncio.sleep(0)
        inbox.put_command(command("c1"))
        await asyncio.sleep(0)
        assert reader.done()

    asyncio.run(main())


def test_another_thread_may_put_commands() -> None:
    async def main() -> None:
        inbox = Inbox(refuse)
        reader = asyncio.create_task(inbox.take(9))
        await asyncio.sleep(0)
        thread = threading.Thread(target=inbox.put_command, args=(CancelAll(command_id="c1"),))
        thread.start()
        assert await reader == [CancelAll(command_id="c1")]
        thread.join()

    asyncio.run(main())


def test_a_full_control_lane_refuses_and_takes_again_when_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "COMMANDS_MAX", 2)

    async def main() -> None:
        inbox = Inbox(refuse)
        taken = [inbox.put_command(command(f"c{number}")) for number in range(3)]
        assert taken == [True, True, False]
        await inbox.take(1)
        assert inbox.put_command(command("c4"))
        assert await inbox.take(9) == [command("c1"), command("c4")]

    asyncio.run(main())


def test_a_full_data_lane_is_told_and_loses_only_what_found_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "REPORTS_MAX", 2)
    told: list[str] = []

    async def main() -> None:
        inbox = Inbox(lambda error: told.append(str(error)))
        for number in range(3):
            inbox.put(report(f"r{number}"))
        assert inbox.put_command(command("c1"))
        assert await inbox.take(9) == [command("c1"), report("r0"), report("r1")]

    asyncio.run(main())
    assert told == ["2 reports wait to be decided"]


def test_a_closed_inbox_hands_out_its_reports_drops_its_commands_and_ends_its_reader() -> None:
    async def main() -> None:
        inbox = Inbox(refuse)
        inbox.put_command(command("c1"))
        inbox.put(report("r1"))
        inbox.close()
        assert not inbox.put_command(command("c2"))
        inbox.put(report("r2"))
        assert await inbox.take(9) == [report("r1"), report("r2")]
        assert await inbox.take(9) == []

    asyncio.run(main())


def test_closing_wakes_a_reader_that_waits() -> None:
    async def main() -> None:
        inbox = Inbox(refuse)
        reader = asyncio.create_task(inbox.take(9))
        await asyncio.sleep(0)
        inbox.close()
        assert await reader == []

    asyncio.run(main())


def test_a_command_to_a_loop_that_has_ended_is_not_taken() -> None:
    async def main() -> Inbox:
        return Inbox(refuse)

    inbox = asyncio.run(main())
    assert not inbox.put_command(command("c1"))
