"""A key that can do more, or less, than trade is refused before the first order."""

from __future__ import annotations

import msgspec

from engine.core.types import Category
from engine.venues.bybit.posture import KeyPosture

BOTH = (Category.LINEAR, Category.SPOT)
GOOD = KeyPosture(
    permissions={"ContractTrade": ["Order", "Position"], "Spot": ["SpotTrade"], "Wallet": []},
    ips=["192.0.2.7"],
    deadline_day=-2,
    expired_at="1970-01-01T00:00:00Z",
)


def but(**changes: object) -> KeyPosture:
    return msgspec.structs.replace(GOOD, **changes)


def test_a_key_that_trades_and_no_more_is_fit() -> None:
    assert GOOD.problems(BOTH) == []
    assert GOOD.warnings() == []


def test_the_venues_answer_is_read() -> None:
    answer = b'{"id":"1","readOnly":1,"permissions":{"Spot":["SpotTrade"]},"ips":["*"],"uta":1}'
    posture = msgspec.json.decode(answer, type=KeyPosture)
    assert posture.problems([Category.SPOT]) == ["the key is read-only: make one that can trade"]
    assert posture.warnings() == ["the key works from every address: bind it to this one"]


def test_a_key_that_can_withdraw_is_refused() -> None:
    posture = but(permissions=GOOD.permissions | {"Wallet": ["AccountTransfer", "Withdraw"]})
    assert posture.problems(BOTH) == ["the key can withdraw (Withdraw): make one that cannot"]


def test_a_key_that_may_do_more_than_trade_is_warned_of() -> None:
    more = {"Wallet": ["AccountTransfer"], "Earn": ["E\x1b[31m"], "Options": ["OptionsTrade"]}
    posture = but(permissions=GOOD.permissions | more)
    assert posture.problems(BOTH) == []
    assert posture.warnings() == [
        "the key may do more than trade (Earn: E[31m; Wallet: AccountTransfer): take that from it"
    ]


def test_an_old_kind_of_account_is_refused() -> None:
    assert but(uta=0).problems(BOTH) == ["the account is no Unified Trading Account: upgrade it"]


def test_a_key_must_be_able_to_trade_every_category_that_is_asked_for() -> None:
    posture = but(permissions={"Derivatives": ["DerivativesTrade"]})
    assert posture.problems([Category.LINEAR]) == []
    assert posture.problems(BOTH) == ["the key cannot trade spot: it lacks Spot"]


def test_a_key_about_to_expire_is_refused_and_one_that_will_soon_warns() -> None:
    def expiring(days: int) -> KeyPosture:
        return but(deadline_day=days, expired_at="2027-01-01T00:00:00Z")

    assert expiring(1).problems(BOTH) == ["the key expires in 1 days: make a new one first"]
    assert expiring(-1).problems(BOTH) == ["the key expires in 0 days: make a new one first"]
    assert (expiring(2).problems(BOTH), expiring(2).warnings()) == (
        [],
        ["the key expires in 2 days"],
    )
    assert expiring(14).warnings() == []
