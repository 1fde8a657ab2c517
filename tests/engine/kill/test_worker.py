from __future__ import annotations

import asyncio
import threading

import pytest

from engine.kill.worker import InlineWorker, ThreadWorker


def test_a_job_done_inline_does_not_give_up_the_event_loop() -> None:
    seen: list[str] = []

    async def main() -> None:
        asyncio.get_running_loop().call_soon(seen.append, "somebody else")
        assert await InlineWorker().run(lambda: 7) == 7
        assert not seen

    asyncio.run(main())
    assert InlineWorker().close()


def test_a_job_runs_in_the_thread_and_its_result_or_error_comes_back() -> None:
    worker = ThreadWorker(5.0)

    def fail() -> int:
        raise KeyError("wrong")

    async def main() -> None:
        assert await worker.run(threading.get_ident) != threading.get_ident()
        with pytest.raises(KeyError, match="wrong"):
            await worker.run(fail)
        assert await worker.run(lambda: 3) == 3

    asyncio.run(main())
    assert worker.close()


def test_a_late_job_raises_and_is_told_apart_from_one_that_ended() -> None:
    go = threading.Event()
    worker = ThreadWorker(0.01)

    async def main() -> None:
        with pytest.raises(TimeoutError, match=r"the disk did not answer within 0\.01 s"):
            await worker.run(lambda: int(go.wait()))
        assert not worker.close()

    asyncio.run(main())
    go.set()
    assert worker.close()


def test_a_caller_that_is_gone_does_not_stop_the_thread() -> None:
    go = threading.Event()
    worker = ThreadWorker(5.0)

    async def give_up() -> None:
        waiting = asyncio.create_task(worker.run(lambda: int(go.wait())))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(give_up())
    go.set()  # its loop is closed by now

    async def next_one() -> int:
        return await worker.run(lambda: 9)

    assert asyncio.run(next_one()) == 9
    assert worker.close()
