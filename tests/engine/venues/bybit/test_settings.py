"""Leverage, position mode and disconnect-cancel-all: what goes out, and what answers mean."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.core.reports import SettingsReport
from engine.core.requests import SettingRequest
from engine.core.settings import MarketSettings
from engine.core.types import Category
from engine.venues.errors import VenueRefused
from engine.venues.reasons import Reason
from tests.engine.venues.bybit.scripted import code, ok, page
from tests.engine.venues.bybit.test_client import POSITIONS, Rig

LEVERAGE, MODE = "/v5/position/set-leverage", "/v5/position/switch-mode"
PROTECT, PROTECTION = "/v5/order/disconnected-cancel-all", "/v5/account/query-dcp-info"
ONE_WAY = page({"positionIdx": 0, "leverage": "10"})
HEDGED = page({"positionIdx": 1, "leverage": "5"}, {"positionIdx": 2, "leverage": "5"})


def leverage(number: str = "5") -> SettingRequest:
    return SettingRequest(command_id="c1", symbol="BTCUSDT", leverage=Decimal(number))


def change(request: SettingRequest, answers: dict[str, list[Any]]) -> tuple[SettingsReport, Rig]:
    rig = Rig({POSITIONS: [ONE_WAY]} | answers)
    return rig.run(rig.client.change_setting(request)), rig


def test_leverage_is_set_on_both_sides_and_read_back() -> None:
    report, rig = change(leverage(), {LEVERAGE: [ok({})], POSITIONS: [HEDGED]})
    assert report == SettingsReport(
        markets=(MarketSettings("BTCUSDT", hedged=True, leverage=Decimal(5)),), asked_by="c1"
    )
    assert rig.transport.sent[0].json == {
        "category": "linear",
        "symbol": "BTCUSDT",
        "buyLeverage": "5",
        "sellLeverage": "5",
    }
    assert rig.transport.sent[1].query == "category=linear&symbol=BTCUSDT"


def test_a_leverage_that_is_none_is_set_aside_and_not_believed() -> None:
    rig = Rig({POSITIONS: [page({"positionIdx": 0, "leverage": "1e17"})]})
    with pytest.raises(ConnectionError, match="a row could not be read"):
        rig.run(rig.client.settings(["BTCUSDT"]))
    assert rig.client.anomalies["position_row"] == 1


@pytest.mark.parametrize(("hedged", "mode"), [(True, 3), (False, 0)])
def test_a_position_mode_is_switched_by_market(hedged: bool, mode: int) -> None:
    request = SettingRequest(command_id="c1", symbol="BTCUSDT", hedged=hedged)
    _, rig = change(request, {MODE: [ok({})]})
    assert rig.transport.sent[0].json == {"category": "linear", "symbol": "BTCUSDT", "mode": mode}


@pytest.mark.parametrize(
    ("answer", "reason", "text"),
    [
        (code(110043, "leverage not modified"), "", ""),
        (code(110025, "position mode not modified"), "", ""),
        (code(110013, "gt max"), Reason.LIMITS, "110013 gt max"),
        (code(110024, "position"), Reason.LIMITS, "110024 position"),
        (code(110028, "orders"), Reason.LIMITS, "110028 orders"),
        (code(10016, "busy"), Reason.NO_ANSWER, "10016 busy"),
        (code(10006, "too many"), Reason.VENUE_BUSY, "10006 too many"),
        (TimeoutError("slow"), Reason.NO_ANSWER, "slow"),
        (ConnectionError("cut"), Reason.NO_ANSWER, "cut"),
    ],
)
def test_whatever_became_of_a_change_what_is_set_is_told(
    answer: Any, reason: str, text: str
) -> None:
    report, _ = change(leverage(), {LEVERAGE: [answer]})
    assert (report.reason, report.text, report.asked_by) == (reason, text, "c1")
    assert report.markets == (MarketSettings("BTCUSDT", leverage=Decimal(10)),)


def test_a_change_that_cannot_be_read_back_says_so() -> None:
    report, _ = change(leverage(), {LEVERAGE: [ok({})], POSITIONS: [ConnectionError("cut")]})
    assert report == SettingsReport(markets=(), asked_by="c1", text="set, and not read back: cut")
    report, rig = change(leverage(), {LEVERAGE: [ok({})], POSITIONS: [page({"positionIdx": "x"})]})
    assert report.markets == ()
    assert rig.client.anomalies == {"position_row": 1}


def test_spot_pairs_have_no_settings_and_an_unlisted_market_none_that_are_told() -> None:
    rig = Rig({POSITIONS: [page(), page({"positionIdx": 0, "leverage": ""})]})
    read = rig.run(rig.client.settings(["BTC/USDT", "ETHUSDT", "BTCUSDT"]))
    assert read == (MarketSettings("BTCUSDT"),)
    assert len(rig.transport.sent) == 2


# --- disconnect-cancel-all -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("category", "product"),
    [
        (Category.LINEAR, "DERIVATIVES"),
        (Category.INVERSE, "DERIVATIVES"),
        (Category.SPOT, "SPOT"),
    ],
)
def test_the_venue_is_told_what_to_protect_and_for_how_long_to_wait(
    category: Category, product: str
) -> None:
    rig = Rig({PROTECT: [ok(None)]})
    rig.run(rig.client.protect(category, 10))
    assert rig.transport.sent[0].json == {"product": product, "timeWindow": 10}


def test_an_account_without_protection_is_refused_with_the_venues_words() -> None:
    rig = Rig({PROTECT: [code(10005, "Permission denied")]})
    with pytest.raises(VenueRefused, match="10005 Permission denied"):
        rig.run(rig.client.protect(Category.LINEAR, 10))


@pytest.mark.parametrize(
    ("infos", "window_s"),
    [
        ([], 0),
        ([{"product": "DERIVATIVES", "dcpStatus": "ON", "timeWindow": "10"}], 10),
        ([{"product": "DERIVATIVES", "dcpStatus": "OFF", "timeWindow": "10"}], 0),
        ([{"product": "SPOT", "dcpStatus": "ON", "timeWindow": "10"}], 0),
        ([{"product": "DERIVATIVES", "dcpStatus": "ON", "timeWindow": "soon"}], 0),
    ],
)
def test_the_window_that_is_set_is_read_back(infos: list[dict[str, str]], window_s: int) -> None:
    rig = Rig({PROTECTION: [ok({"dcpInfos": infos})]})
    assert rig.run(rig.client.protection_s(Category.LINEAR)) == window_s
