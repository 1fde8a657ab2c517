"""Carrying many requests of one kind out together, and cancel-all.

A wave of them leaves as the lane lets it through, in portions that the venue takes in one request;
gate and breaker are asked for each order right before its portion leaves. What was surely not
carried out is sent again, as a batch, by the rules of single requests. What may have been is
UNKNOWN at once: looking up a whole batch one by one takes its time.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from engine.clock import NS
from engine.core.reports import Outcome, RequestKind
from engine.core.requests import MassCancelRequest
from engine.router.answers import given_up, refused, unknown
from engine.router.deadlines import Deadlines
from engine.router.job import Job
from engine.router.retry import RETRIED
from engine.router.sender import CANCEL, Sender, only_reduces
from engine.venues.errors import NotExecuted, RateLimited
from engine.venues.protocol import BatchAnswer, MassCancelResponse, OrderResponse
from engine.venues.reasons import Reason

MASS_CANCEL_S = 1.0
"""How long cancel-all may take to answer: its orders can be cancelled another way."""

SendBatch = Callable[[Sequence[Any]], Coroutine[Any, Any, list[BatchAnswer]]]
"""Sends requests of one kind; an answer each, in their order."""
OnEnd = Callable[[Job, OrderResponse], None]
"""Told the outcome of each request as soon as it is known."""


class _Course:
    """How far a batch is. An order that has no outcome yet was surely not carried out so far."""

    def __init__(self, jobs: Sequence[Job], send: SendBatch, on_end: OnEnd, now_ns: int) -> None:
        self.jobs = jobs
        self.send = send
        self.on_end = on_end
        self.started_ns = now_ns
        self.outcomes: dict[Job, OrderResponse] = {}
        self.failures: dict[Job, Exception] = {}

    def left(self) -> list[Job]:
        """What has to be sent, again or for the first time."""
        return [job for job in self.jobs if job not in self.outcomes]

    def latest(self) -> Exception | None:
        """Of the failures of what is left, the one that has to be waited for longest."""
        return max((self.failures[job] for job in self.left()), key=_retry_at_ns, default=None)


class BatchSender(Sender):
    """A Sender that also takes batches to their outcomes, an outcome for each request."""

    async def carry_out_batch(
        self, jobs: Sequence[Job], send: SendBatch, on_end: OnEnd
    ) -> list[OrderResponse]:
        """Return each request's outcome, in their order. Nothing that the venue does raises."""
        course = _Course(jobs, send, on_end, self._clock.now_ns())

        async def again() -> None:
            if jobs[0].kind is CANCEL:
                await self.breakers.pause(CANCEL)
            await self._attempt_batch(course)
            failure = course.latest()
            if failure is not None:
                raise failure

        await self._attempt_batch(course)
        failure = course.latest()
        if failure is not None:
            try:
                await self._retry.run(failure, again)
            except RETRIED:
                for job in course.left():
                    last = course.failures[job]
                    self._end(course, job, given_up(job.request.client_order_id, False, last))
        return [course.outcomes[job] for job in jobs]

    async def _attempt_batch(self, course: _Course) -> None:
        """One attempt at everything that is left: each wave leaves when the lane lets it through.

        Cancels wait for the lane as long as it takes; refused, they would only be asked for again.
        """
        waiting = course.left()
        kind = waiting[0].kind if waiting else CANCEL
        until_ns = math.inf if kind is CANCEL else self._clock.now_ns() + self._timeout_s * NS
        sending: list[Coroutine[Any, Any, None] | asyncio.Task[None]] = []
        while waiting:
            wave = await self._enter_lane_together(kind, waiting, until_ns)
            if not wave:
                for job in waiting:
                    text = f"the {kind} lane is full"
                    refusal = refused(job.request.client_order_id, Reason.RATE_LIMITED, text)
                    self._end(course, job, refusal)
                break
            if kind is not CANCEL and not all(only_reduces(job.request) for job in wave):
                await self.breakers.probe()
            waiting = waiting[len(wave) :]
            portions = self._client.split([job.request for job in wave])
            work = [self._send_portion(course, [wave[at] for at in places]) for places in portions]
            if len(work) == 1 and not sending and not waiting:
                await work[0]
                return
            sending += map(asyncio.ensure_future, work)
        await asyncio.gather(*sending)

    async def _enter_lane_together(
        self, kind: RequestKind, waiting: list[Job], until_ns: float
    ) -> list[Job]:
        """Wait for places in the lane: the jobs that have one; none when that would be too late."""
        lane = self.lanes.get(kind)
        if lane is None:
            return waiting
        now_ns = self._clock.now_ns()
        places = lane.reserve_many(now_ns, (until_ns - now_ns) / NS, len(waiting))
        if places is None:
            return []
        count, wait_s = places
        if wait_s:
            await self._clock.sleep(wait_s)
        return waiting[:count]

    async def _send_portion(self, course: _Course, portion: list[Job]) -> None:
        """Send what the gate lets by in one request, and sort the answers."""
        going = []
        for job in portion:
            refusal = self._refusal(job)
            if refusal is None:
                job.attempts += 1
                going.append(job)
            else:
                self._end(course, job, refusal)
        if not going:
            return
        try:
            work = course.send([job.request for job in going])
            answers = await self._deadlines.run(work, self._clock.now_ns())
        except RETRIED as failure:
            answers = [failure] * len(going)
        for job, answer in zip(going, answers, strict=True):
            if isinstance(answer, OrderResponse):
                self._end(course, job, answer)
                continue
            self._note(job, answer)
            if job.ambiguous:
                text = str(answer) or type(answer).__name__
                self._end(course, job, unknown(job.request.client_order_id, text))
            else:
                course.failures[job] = answer
        self._judge_portion(going[0].kind, answers)

    def _judge_portion(self, kind: RequestKind, answers: Sequence[BatchAnswer]) -> None:
        """For the breaker a portion is one attempt: it was answered, or it was not."""
        failures = [answer for answer in answers if isinstance(answer, Exception)]
        if len(failures) < len(answers):
            self.breakers.by_kind[kind].succeeded()
        else:
            worst = next((f for f in failures if not isinstance(f, NotExecuted)), failures[0])
            self.breakers.failed(kind, worst)

    def _end(self, course: _Course, job: Job, response: OrderResponse) -> None:
        """Book the outcome of one request, and tell whoever waits for it."""
        if job.attempts:
            response = self._book(job, response, course.started_ns)
        course.outcomes[job] = response
        course.on_end(job, response)

    async def mass_cancel(self, request: MassCancelRequest) -> MassCancelResponse:
        """Ask for cancel-all, once and not for long. Nothing that the venue does raises.

        It counts as a cancel of each order that it was sent for.
        """
        if not await self._enter_lane(CANCEL):
            return _unsent(Outcome.REJECTED, Reason.RATE_LIMITED, f"the {CANCEL} lane is full")
        stats = self.stats[CANCEL]
        deadline = Deadlines(self._clock, min(MASS_CANCEL_S, self._timeout_s))
        sent_ns = self._clock.now_ns()
        try:
            answer = await deadline.run(self._client.cancel_all(request), sent_ns)
            self.breakers.by_kind[CANCEL].succeeded()
            return answer
        except RETRIED as failure:
            stats.note(failure)
            self.breakers.failed(CANCEL, failure)
            failed = given_up("", not isinstance(failure, NotExecuted), failure)
            return _unsent(failed.outcome, failed.reason, failed.text)
        finally:
            latency_s = (self._clock.now_ns() - sent_ns) / NS
            for _ in request.client_order_ids:
                stats.add(latency_s, attempts=1)


def _unsent(outcome: Outcome, reason: str, text: str) -> MassCancelResponse:
    return MassCancelResponse(outcome=outcome, reason=reason, text=text)


def _retry_at_ns(failure: Exception) -> int:
    return failure.retry_at_ns if isinstance(failure, RateLimited) else 0
