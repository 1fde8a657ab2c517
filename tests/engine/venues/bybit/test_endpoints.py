"""Only Bybit's own hosts are ever spoken to, each environment to its own."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from engine.venues.bybit.endpoints import ENVIRONMENTS, endpoints

LOCAL = "http://127.0.0.1:18080"


@pytest.mark.parametrize("environment", ["mainnet", "testnet", "demo"])
def test_every_address_is_bybit_over_tls(environment: str) -> None:
    found = endpoints(environment)
    for url in (found.rest, found.public, found.private, found.trade):
        if url is not None:
            parts = urlsplit(url)
            assert parts.scheme in ("https", "wss")
            assert (parts.hostname or "").endswith(".bybit.com")


def test_no_two_environments_share_where_orders_go() -> None:
    named = [endpoints(name) for name in ENVIRONMENTS if name != "local"]
    assert len({found.rest for found in named}) == len(named)
    assert len({found.private for found in named}) == len(named)


def test_each_stream_has_its_own_base() -> None:
    demo = endpoints("demo")
    assert demo.stream_url("/v5/public/linear") == "wss://stream.bybit.com/v5/public/linear"
    assert demo.stream_url("/v5/private") == "wss://stream-demo.bybit.com/v5/private"
    with pytest.raises(ConnectionError, match="no stream at /v5/trade"):
        demo.stream_url("/v5/trade")


def test_a_local_exchange_is_everything_at_one_address() -> None:
    local = endpoints("local", LOCAL)
    assert local.rest == LOCAL
    assert local.stream_url("/v5/trade") == "ws://127.0.0.1:18080/v5/trade"
    assert local.stream_url("/v5/public/spot") == "ws://127.0.0.1:18080/v5/public/spot"


@pytest.mark.parametrize(
    ("environment", "url", "problem"),
    [
        ("local", None, "url: a local exchange needs its address"),
        ("mainnet", LOCAL, "url: mainnet has its own address"),
        ("mainet", None, "environment: 'mainet' is none of mainnet, testnet, demo, local"),
    ],
)
def test_an_address_that_does_not_belong_is_refused(
    environment: str, url: str | None, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        endpoints(environment, url)
