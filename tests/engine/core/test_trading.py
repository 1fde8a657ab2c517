import pytest

from engine.core.events import TradingStateChanged
from engine.core.state import State, evolve
from engine.core.trading import Narrowing, is_stricter
from engine.core.types import TradingState

ACTIVE, REDUCING, HALTED = TradingState


def test_halted_allows_less_than_reducing_and_reducing_less_than_active() -> None:
    stricter = {
        (one, other) for one in TradingState for other in TradingState if is_stricter(one, other)
    }
    assert stricter == {(HALTED, REDUCING), (HALTED, ACTIVE), (REDUCING, ACTIVE)}


@pytest.mark.parametrize("account", TradingState)
@pytest.mark.parametrize("own", TradingState)
def test_the_stricter_of_the_account_and_the_market_holds(
    account: TradingState, own: TradingState
) -> None:
    state = State()
    evolve(state, TradingStateChanged(ts=1, state=account, by="ann", reason="account"))
    evolve(state, TradingStateChanged(ts=2, state=own, by="bob", reason="own", symbol="BTCUSDT"))
    assert state.trading is state.trading_of("ETHUSDT") is account
    expected = own if is_stricter(own, account) else account
    assert state.trading_of("BTCUSDT") is expected
    assert state.narrowing_of("BTCUSDT") == (
        Narrowing(own, "bob", "own", 2)
        if expected is not account
        else Narrowing(account, "ann", "account", 1)
    )


def test_a_market_that_is_active_again_is_forgotten() -> None:
    state = State()
    for own in (REDUCING, ACTIVE):
        evolve(state, TradingStateChanged(ts=1, state=own, by="ann", symbol="BTCUSDT"))
    assert state.narrowed == {}


def test_a_snapshot_of_before_there_were_narrowed_markets_can_be_read() -> None:
    old = State().encode().replace(b'"narrowed":{},', b"")
    assert old != State().encode()
    assert State.decode(old).narrowed == {}
