"""Signed HTTP requests to Bybit v5, and the one judgement of what an answer proves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Annotated, NamedTuple, TypeVar
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from engine.clock import NS, Clock, wait_for
from engine.venues.bybit.budget import AddressBudget
from engine.venues.bybit.codec import UNREADABLE
from engine.venues.bybit.names import check_names
from engine.venues.bybit.quarantine import Quarantine
from engine.venues.bybit.retcodes import HTTP_STATUS, Ruling, Verdict, classify
from engine.venues.bybit.signing import Signer
from engine.venues.bybit.strict import refuse_repeated_keys
from engine.venues.bybit.venue_time import VenueTime
from engine.venues.errors import NotExecuted, RateLimited, VenueRefused, VenueUnknown
from engine.venues.protocol import HttpReply, Transport
from engine.venues.text import sanitise

CANCEL, CANCEL_BATCH = "/v5/order/cancel", "/v5/order/cancel-batch"
CANCEL_ALL = "/v5/order/cancel-all"
CANCELS = frozenset({CANCEL, CANCEL_BATCH, CANCEL_ALL})
DEFINITE = frozenset({Verdict.ACCEPTED, Verdict.REJECTED})
QUERY_TIMEOUT_S = 5.0
BAN_NS = 600 * NS  # an IP ban (HTTP 403) lifts by itself after ten minutes without requests
RATE_PAUSE_NS = NS  # the venue's windows are one second long
MAX_PAGES = 5000
MAX_CURSOR_CHARS = 512
MAX_TIME_MS = (1 << 63) // 1_000_000 - 1  # the year 2262, where nanoseconds end

BANNED = "HTTP 403: the venue answers this address nothing by REST"

T = TypeVar("T")

BanObserver = Callable[[int, str], None]
"""Called with (until when, unix ns, and why) when the venue has shut this address out of REST."""


class _Ids(msgspec.Struct, rename="camel"):
    order_id: str | None = ""


class _CommandReply(msgspec.Struct, rename="camel"):
    ret_code: int
    ret_msg: str = ""
    result: _Ids | None = None
    time: Annotated[int, msgspec.Meta(ge=0, le=MAX_TIME_MS)] = 0


class _Page(msgspec.Struct, rename="camel"):
    rows: list[msgspec.Raw] = msgspec.field(default_factory=list, name="list")
    next_page_cursor: str | None = ""


class _QueryReply(msgspec.Struct, rename="camel"):
    ret_code: int
    ret_msg: str = ""
    result: msgspec.Raw = msgspec.Raw(b"null")


class _Time(msgspec.Struct, rename="camel"):
    time_nano: str


class _TimeReply(msgspec.Struct):
    result: _Time


class Answer(msgspec.Struct, frozen=True):
    """What a command was answered. `ts` is the venue's time, unix ns."""

    ruling: Ruling
    order_id: str
    text: str
    ts: int


def read_answer(ruling: Ruling, code: int, message: str, order_id: str, ts_ms: int) -> Answer:
    """The answer with this return code, its message made harmless."""
    if ruling.verdict is Verdict.ACCEPTED:
        return Answer(ruling, order_id, "", ts_ms * 1_000_000)
    return Answer(ruling, "", sanitise(f"{code} {message}".rstrip()), ts_ms * 1_000_000)


class _Cleaned(NamedTuple):
    """An answer that had something to hide."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _ClockOff(NotExecuted):
    """Our timestamp was too old or too new for the venue."""


class RestSession:
    """One key's requests over one transport. Without a `budget` nothing is counted.

    A ban stops every one of them here, the public ones too: asking would only prolong it.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        signer: Signer,
        quarantine: Quarantine,
        budget: AddressBudget | None = None,
        on_ban: BanObserver | None = None,
    ) -> None:
        self._quarantine = quarantine
        self._transport = transport
        self._clock = clock
        self._signer = signer
        self._budget = budget
        self._on_ban = on_ban
        self.venue_time = VenueTime()
        self._banned_until_ns = 0
        self._command_reply = msgspec.json.Decoder(_CommandReply)
        self._query_reply = msgspec.json.Decoder(_QueryReply)
        self._page = msgspec.json.Decoder(_Page | None)

    def timestamp_ms(self) -> int:
        """Now, on the venue's clock as far as we know it."""
        return (self._clock.now_ns() + self.venue_time.status.offset_ns) // 1_000_000

    async def post(self, path: str, body: bytes) -> tuple[Answer, Mapping[str, str]]:
        """POST an order request; its answer, to be settled, and the headers that came with it.

        Raises like `post_raw`.
        """
        reply = await self.post_raw(path, body)
        return self._read_command(reply), reply.headers

    async def post_raw(self, path: str, body: bytes) -> HttpReply:
        """POST a signed request.

        Raises RateLimited without sending where the address has no room left; what the transport
        raises passes through.
        """
        self._admit(urgent=path in CANCELS)
        headers = self._signer.headers(self.timestamp_ms(), body)
        headers["Content-Type"] = "application/json"
        return self._clean(await self._transport.request("POST", path, "", body, headers))

    def _read_command(self, reply: HttpReply) -> Answer:
        decoded = self.read(self._command_of, reply)
        if decoded is None:
            return self.unread(reply)
        code, message = decoded.ret_code, decoded.ret_msg
        order_id = (decoded.result.order_id or "") if decoded.result else ""
        return read_answer(classify(code, message), code, message, order_id, decoded.time)

    async def settle(self, answer: Answer, headers: Mapping[str, str]) -> Answer:
        """Return an answer that is definite, whichever way it came.

        Raises VenueUnknown where it proves nothing, NotExecuted or RateLimited where it proves
        that nothing happened.
        """
        verdict = answer.ruling.verdict
        if verdict is Verdict.ACCEPTED:
            return answer
        if verdict is Verdict.REJECTED:
            return self._shown(answer)
        if verdict is Verdict.CLOCK:
            await self.measure_clock(anew=True)
        raise self._failure(answer.ruling, headers, answer.text)

    async def settle_all(
        self, answers: Sequence[Answer], headers: Mapping[str, str]
    ) -> list[Answer | VenueUnknown | NotExecuted]:
        """The answers that are definite, and what `settle` would raise in the place of others."""
        if any(answer.ruling.verdict is Verdict.CLOCK for answer in answers):
            await self.measure_clock(anew=True)
        return [
            self._shown(answer)
            if answer.ruling.verdict in DEFINITE
            else self._failure(answer.ruling, headers, answer.text)
            for answer in answers
        ]

    async def query(
        self, path: str, params: Mapping[str, str | int], cursor: str = ""
    ) -> tuple[list[msgspec.Raw], str]:
        """GET one page of rows, and the cursor of the next ("" at the end).

        Raises TimeoutError or ConnectionError when it may be asked again, VenueRefused when not.
        """
        page = await self._ask(path, params, self._page, cursor) or _Page()
        return page.rows, _checked_cursor(page.next_page_cursor or "")

    async def fetch(
        self, path: str, params: Mapping[str, str | int], answer: msgspec.json.Decoder[T]
    ) -> T:
        """GET one answer, read by `answer`. Raises like `query`."""
        return await self._ask(path, params, answer)

    async def _ask(
        self,
        path: str,
        params: Mapping[str, str | int],
        answer: msgspec.json.Decoder[T],
        cursor: str = "",
    ) -> T:
        try:
            return await self._get(path, params, answer, cursor)
        except _ClockOff:
            await self.measure_clock(anew=True)
            return await self._get(path, params, answer, cursor)

    async def _get(
        self,
        path: str,
        params: Mapping[str, str | int],
        answer: msgspec.json.Decoder[T],
        cursor: str,
    ) -> T:
        self._admit(urgent=False)
        # The cursor comes percent-encoded and goes back as it is.
        query = "&".join(f"{key}={quote(str(value), safe='')}" for key, value in params.items())
        query += f"&cursor={cursor}" if cursor else ""
        headers = self._signer.headers(self.timestamp_ms(), query.encode())
        request = self._transport.request("GET", path, query, b"", headers)
        reply = self._clean(await wait_for(self._clock, request, QUERY_TIMEOUT_S))
        decoded = self.read(self._query_reply.decode, reply)
        if decoded is not None and decoded.ret_code == 0:
            try:
                return answer.decode(decoded.result)
            except UNREADABLE as error:
                self._quarantine.note("http_body", reply.body, error)
                decoded = None
        if decoded is None:
            ruling, text = self.status_ruling(reply), f"{path}: {reply.status}"
        else:
            ruling = classify(decoded.ret_code, decoded.ret_msg)
            text = sanitise(f"{path}: {decoded.ret_code} {decoded.ret_msg}")
        if ruling.verdict is Verdict.REJECTED:
            raise VenueRefused(text)
        raise self._failure(ruling, reply.headers, text)

    async def pages(
        self, path: str, params: Mapping[str, str | int]
    ) -> AsyncIterator[list[msgspec.Raw]]:
        """Yield every page. Raises like `query`, and ConnectionError when there is no end."""
        cursor, seen = "", set[str]()
        while len(seen) < MAX_PAGES:
            rows, cursor = await self.query(path, params, cursor)
            yield rows
            if not rows or not cursor or cursor in seen:
                return
            seen.add(cursor)
        raise ConnectionError(f"{path}: more than {MAX_PAGES} pages")

    async def measure_clock(self, *, anew: bool = False) -> None:
        """Learn the venue's clock; `anew` where what is known of it has proved wrong."""
        sent_ns = self._clock.now_ns()
        try:
            self._admit(urgent=False)
            reply = await wait_for(
                self._clock,
                self._transport.request("GET", "/v5/market/time", "", b"", {}),
                QUERY_TIMEOUT_S,
            )
            self.status_ruling(reply)
            venue_ns = int(msgspec.json.decode(reply.body, type=_TimeReply).result.time_nano[:19])
        except (TimeoutError, ConnectionError, *UNREADABLE):
            return  # what found the clock off fails anyway, and what asks regularly asks again
        self.venue_time.note(sent_ns, venue_ns, self._clock.now_ns(), anew=anew)

    def _command_of(self, body: bytes) -> _CommandReply:
        decoded = self._command_reply.decode(body)
        if decoded.result is not None:
            check_names(decoded.result.order_id or "")
        return decoded

    def read(self, decode: Callable[[bytes], T], reply: HttpReply) -> T | None:
        """The body of an answer with status 200; one that makes no sense is set aside.

        `decode` raises one of UNREADABLE.
        """
        if reply.status != 200:
            return None
        try:
            decoded = decode(reply.body)
            refuse_repeated_keys(reply.body)
        except UNREADABLE as error:
            self._quarantine.note("http_body", reply.body, error)
            return None
        return decoded

    def unread(self, reply: HttpReply) -> Answer:
        """What an answer that cannot be read says: its status alone."""
        return Answer(self.status_ruling(reply), "", str(reply.status), 0)

    def status_ruling(self, reply: HttpReply) -> Ruling:
        """Judge an answer without a return code. A ban stops every request of this session."""
        if reply.status == 403:
            self._banned_until_ns = self._clock.now_ns() + BAN_NS
            if self._on_ban is not None:
                self._on_ban(self._banned_until_ns, BANNED)
        return HTTP_STATUS.get(reply.status, Ruling(Verdict.UNKNOWN))

    @property
    def banned(self) -> bool:
        """True while the venue has shut this address out of REST."""
        return bool(self._banned_until_ns) and self._clock.now_ns() < self._banned_until_ns

    def _admit(self, *, urgent: bool) -> None:
        if self.banned:
            raise RateLimited(BANNED, self._banned_until_ns)
        room_ns = self._budget.take(urgent=urgent) if self._budget is not None else 0
        if room_ns:
            raise RateLimited("this address has sent all that it may for now", room_ns)

    def _clean(self, reply: HttpReply) -> HttpReply:
        """The reply without the key in it, before anything is made of it."""
        body = self._signer.hide_in(reply.body)
        return reply if body is reply.body else _Cleaned(reply.status, reply.headers, body)

    def _shown(self, answer: Answer) -> Answer:
        """The answer, as anybody may see it."""
        hidden = self._signer.hide(answer.text)
        return answer if hidden == answer.text else replace(answer, text=hidden)

    def _failure(
        self, ruling: Ruling, headers: Mapping[str, str], text: str
    ) -> VenueUnknown | NotExecuted:
        text = self._signer.hide(text)
        if ruling.verdict is Verdict.RATE:
            return RateLimited(text, max(self._reset_ns(headers), self._banned_until_ns))
        if ruling.verdict is Verdict.CLOCK:
            return _ClockOff(text)
        if ruling.verdict is Verdict.BUSY:
            return NotExecuted(text)
        return VenueUnknown(text)

    def _reset_ns(self, headers: Mapping[str, str]) -> int:
        """When the venue's window opens again; a second from now where it does not say."""
        now_ns = self._clock.now_ns()
        for name, value in headers.items():
            if name.lower() == "x-bapi-limit-reset-timestamp" and value.isdecimal():
                reset_ns = int(value[:15]) * 1_000_000 - self.venue_time.status.offset_ns
                if now_ns < reset_ns < now_ns + BAN_NS:
                    return reset_ns
        return now_ns + RATE_PAUSE_NS


def _checked_cursor(cursor: str) -> str:
    if len(cursor) > MAX_CURSOR_CHARS or not (cursor.isascii() and cursor.isprintable()):
        raise ConnectionError("the venue sent an unusable page cursor")
    return cursor
