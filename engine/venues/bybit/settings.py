"""What an account has set at Bybit: leverage, position mode, and what happens when it is cut off.

bybit-exchange.github.io/docs/v5/position/leverage, /position/position-mode, /order/dcp. Every
change is read back: what is set is what the venue says, not what it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from engine.clock import Clock, wait_for
from engine.core.reports import SettingsReport
from engine.core.requests import SettingRequest
from engine.core.settings import MarketSettings
from engine.core.types import Category
from engine.venues.bybit.codec import UNREADABLE
from engine.venues.bybit.instruments import SymbolMap
from engine.venues.bybit.numbers import leverage_or_none, wire
from engine.venues.bybit.quarantine import Quarantine
from engine.venues.bybit.rest import QUERY_TIMEOUT_S, Answer, RestSession
from engine.venues.bybit.retcodes import Verdict
from engine.venues.errors import NotExecuted, VenueRefused
from engine.venues.reasons import Reason

ONE_WAY, HEDGE = 0, 3
"""Position modes, as `switch-mode` spells them."""
PRODUCTS: Mapping[Category, tuple[str, str]] = {
    Category.LINEAR: ("DERIVATIVES", "dcp.future"),
    Category.INVERSE: ("DERIVATIVES", "dcp.future"),
    Category.SPOT: ("SPOT", "dcp.spot"),
}
"""What disconnect-cancel-all calls a category, and the topic that must be listened to for it."""

_POSITIONS = "/v5/position/list"
_LEVERAGE = "/v5/position/set-leverage"
_MODE = "/v5/position/switch-mode"
_PROTECT = "/v5/order/disconnected-cancel-all"
_PROTECTION = "/v5/account/query-dcp-info"


class _Row(msgspec.Struct, rename="camel"):
    position_idx: int = 0
    leverage: str | None = ""


class _Protection(msgspec.Struct, rename="camel"):
    product: str = ""
    dcp_status: str = ""
    time_window: str = ""


class _Protections(msgspec.Struct):
    infos: list[_Protection] = msgspec.field(default_factory=list, name="dcpInfos")


_PROTECTIONS = msgspec.json.Decoder(_Protections)


class AccountSettings:
    """Reads and changes settings over `rest`; changes go out once."""

    def __init__(
        self, rest: RestSession, clock: Clock, symbols: SymbolMap, quarantine: Quarantine
    ) -> None:
        self._rest = rest
        self._clock = clock
        self._symbols = symbols
        self._quarantine = quarantine

    async def read(self, symbols: Iterable[str]) -> tuple[MarketSettings, ...]:
        """What is set for these markets; spot pairs have nothing to set.

        Raises TimeoutError, ConnectionError or VenueRefused.
        """
        found = []
        for symbol in symbols:
            category, venue_symbol = self._symbols.venue(symbol)
            if category is not Category.SPOT:
                params = {"category": category, "symbol": venue_symbol}
                rows, _ = await self._rest.query(_POSITIONS, params)
                found += [MarketSettings(symbol, *self._read(rows))] if rows else []
        return tuple(found)

    def _read(self, rows: list[msgspec.Raw]) -> tuple[bool, Decimal | None]:
        """Whether a market is hedged, and its leverage. Raises ConnectionError."""
        try:
            read = [msgspec.json.decode(raw, type=_Row) for raw in rows]
            return any(row.position_idx for row in read), leverage_or_none(read[0].leverage)
        except UNREADABLE as error:
            self._quarantine.note("position_row", bytes(rows[0]), error)
            raise ConnectionError(f"{_POSITIONS}: a row could not be read") from None

    async def change(self, request: SettingRequest) -> SettingsReport:
        """Set what is asked for, then say what is set. Never raises."""
        reason = text = ""
        try:
            answer = await self._post(*self._body(request))
            reason, text = answer.ruling.reason, answer.text
        except NotExecuted as error:
            reason, text = Reason.VENUE_BUSY, str(error)
        except (TimeoutError, ConnectionError) as error:
            reason, text = Reason.NO_ANSWER, str(error)
        try:
            markets = await self.read([request.symbol])
        except (TimeoutError, ConnectionError, VenueRefused) as error:
            markets = ()
            text = text or f"set, and not read back: {error}"
        return SettingsReport(
            markets=markets, asked_by=request.command_id, reason=reason, text=text
        )

    def _body(self, request: SettingRequest) -> tuple[str, dict[str, object]]:
        category, venue_symbol = self._symbols.venue(request.symbol)
        market: dict[str, object] = {"category": category, "symbol": venue_symbol}
        if request.leverage is None:
            return _MODE, market | {"mode": HEDGE if request.hedged else ONE_WAY}
        leverage = wire(request.leverage)
        return _LEVERAGE, market | {"buyLeverage": leverage, "sellLeverage": leverage}

    async def protect(self, category: Category, window_s: int) -> None:
        """Have the venue cancel every order when nobody has listened for `window_s` seconds.

        Raises VenueRefused where the account does not have that, TimeoutError or ConnectionError
        where the venue did not say.
        """
        product, _ = PRODUCTS[category]
        answer = await self._post(_PROTECT, {"product": product, "timeWindow": window_s})
        if answer.ruling.verdict is not Verdict.ACCEPTED:
            raise VenueRefused(answer.text)

    async def protection_s(self, category: Category) -> int:
        """The window that is set now, in seconds; 0 where there is none. Raises like `read`."""
        product, _ = PRODUCTS[category]
        found = await self._rest.fetch(_PROTECTION, {}, _PROTECTIONS)
        on = [info for info in found.infos if (info.product, info.dcp_status) == (product, "ON")]
        window = on[0].time_window if on else "0"
        return int(window) if window.isdecimal() and len(window) < 10 else 0

    async def _post(self, path: str, body: dict[str, object]) -> Answer:
        """The venue's definite answer. Raises TimeoutError or ConnectionError without one."""
        request = self._rest.post(path, msgspec.json.encode(body))
        answer, headers = await wait_for(self._clock, request, QUERY_TIMEOUT_S)
        return await self._rest.settle(answer, headers)
