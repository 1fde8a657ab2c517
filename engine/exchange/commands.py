"""What an account may do: a table from path to command, shared by REST and the trade stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from engine.exchange.account import Account
from engine.exchange.errors import Refusal
from engine.exchange.limits import Limits
from engine.exchange.orders import Order
from engine.exchange.requests import Amend, Cancel, CancelAll, Place
from engine.exchange.settings import CutOff, Leverage, PositionMode, Settings
from engine.exchange.trading import Trading
from engine.exchange.wire import NOTHING, OrderIds

MAX_BATCH = {"linear": 20, "spot": 10}

Request = TypeVar("Request", Place, Amend, Cancel)
Setting = TypeVar("Setting", Leverage, PositionMode, CutOff)
Body = TypeVar("Body")


class Answer(msgspec.Struct, gc=False):
    """What came of a request; `result` and `extra` are the envelope's result and retExtInfo."""

    code: int = 0
    message: str = "OK"
    result: object = NOTHING
    extra: object = NOTHING
    headers: Mapping[str, str] = {}
    status: int = 200


Json = bytes | msgspec.Raw
Command = Callable[[Account, Json], Answer]


class Batch(msgspec.Struct, kw_only=True):
    """Body of a batch; its items are single requests without their category."""

    category: str = ""
    request: list[msgspec.Raw] = []


class BatchIds(msgspec.Struct, kw_only=True):
    """Which order an item of a batch was about; without ids where it failed."""

    category: str
    symbol: str
    orderId: str = ""
    orderLinkId: str = ""
    createAt: str | msgspec.UnsetType = msgspec.UNSET


class Commands:
    """Runs commands of accounts that have proved who they are. `run` never raises."""

    def __init__(self, trading: Trading, settings: Settings, limits: Limits) -> None:
        self._trading = trading
        self._limits = limits
        place, amend, cancel = trading.place, trading.amend, trading.cancel
        self._commands: dict[str, Command] = {
            "/v5/order/create": self._single("/v5/order/create", Place, place),
            "/v5/order/amend": self._single("/v5/order/amend", Amend, amend),
            "/v5/order/cancel": self._single("/v5/order/cancel", Cancel, cancel),
            "/v5/order/cancel-all": self._cancel_all,
            "/v5/order/create-batch": self._batch(
                "/v5/order/create-batch", Place, place, with_time=True
            ),
            "/v5/position/set-leverage": self._setting(
                "/v5/position/set-leverage", Leverage, settings.set_leverage
            ),
            "/v5/position/switch-mode": self._setting(
                "/v5/position/switch-mode", PositionMode, settings.switch_mode
            ),
            "/v5/order/disconnected-cancel-all": self._setting(
                "/v5/order/disconnected-cancel-all", CutOff, settings.cancel_when_cut_off
            ),
            "/v5/order/amend-batch": self._batch("/v5/order/amend-batch", Amend, amend),
            "/v5/order/cancel-batch": self._batch("/v5/order/cancel-batch", Cancel, cancel),
        }

    def __contains__(self, path: str) -> bool:
        return path in self._commands

    def run(self, account: Account, path: str, body: Json) -> Answer:
        """Run the command at `path` with the JSON in `body`."""
        try:
            answer = self._commands[path](account, body)
        except Refusal as refused:
            answer = Answer(refused.code, refused.message, status=refused.status)
        answer.headers = self._limits.headers(account)
        return answer

    def _cancel_all(self, account: Account, body: Json) -> Answer:
        request = decode(CANCEL_ALL, body)
        self._limits.take(account, "/v5/order/cancel-all", request.category)
        orders = self._trading.cancel_all(account, request)
        return Answer(result={"list": [_ids(order) for order in orders], "success": "1"})

    def _setting(
        self, path: str, kind: type[Setting], change: Callable[[Account, Setting], None]
    ) -> Command:
        """A command with nothing to tell but that it is done."""
        decoder = msgspec.json.Decoder(kind, strict=False)

        def command(account: Account, body: Json) -> Answer:
            request = decode(decoder, body)
            self._limits.take(account, path, getattr(request, "category", ""))
            change(account, request)
            return Answer()

        return command

    def _single(
        self, path: str, kind: type[Request], act: Callable[[Account, Request], Order]
    ) -> Command:
        """A command on one order, answered with its ids."""
        decoder = msgspec.json.Decoder(kind, strict=False)

        def command(account: Account, body: Json) -> Answer:
            request = decode(decoder, body)
            self._limits.take(account, path, request.category)
            return Answer(result=_ids(act(account, request)))

        return command

    def _batch(
        self,
        path: str,
        kind: type[Request],
        act: Callable[[Account, Request], Order],
        *,
        with_time: bool = False,
    ) -> Command:
        """The same command for every item; item i of both lists tells how item i went."""
        items = msgspec.json.Decoder(kind, strict=False)
        no_time = "" if with_time else msgspec.UNSET

        def command(account: Account, body: Json) -> Answer:
            batch = decode(BATCHES, body)
            most = MAX_BATCH.get(batch.category)
            if most is None:
                raise Refusal(10001, "Illegal category")
            if not 0 < len(batch.request) <= most:
                raise Refusal(10001, f"a batch has 1 to {most} requests")
            rows, outcomes = [], []
            for raw in batch.request:
                row, outcome = attempt(account, batch.category, raw)
                rows.append(row)
                outcomes.append(outcome)
            return Answer(result={"list": rows}, extra={"list": outcomes})

        def attempt(
            account: Account, category: str, raw: msgspec.Raw
        ) -> tuple[BatchIds, dict[str, object]]:
            row = BatchIds(category=category, symbol="", createAt=no_time)
            try:
                request = decode(items, raw)
                request.category = category
                row.symbol, row.orderLinkId = request.symbol, request.orderLinkId
                self._limits.take(account, path, category)
                order = act(account, request)
            except Refusal as refused:
                return row, {"code": refused.code, "msg": refused.message}
            row.orderId, row.orderLinkId = order.order_id, order.link_id
            if with_time:
                row.createAt = str(order.created_ms)
            return row, {"code": 0, "msg": "OK"}

        return command


BATCHES = msgspec.json.Decoder(Batch, strict=False)
CANCEL_ALL = msgspec.json.Decoder(CancelAll, strict=False)


def decode(decoder: msgspec.json.Decoder[Body], body: Json) -> Body:
    """Read a request's body. Raises `Refusal` 10001."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(10001, f"params error: {error}") from None


def _ids(order: Order) -> OrderIds:
    return OrderIds(order.order_id, order.link_id)
