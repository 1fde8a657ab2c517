"""Where Bybit is: the hosts of each environment, and no others.

bybit-exchange.github.io/docs/v5/guide and /v5/ws/connect. Demo trading has mainnet's public
streams and no WebSocket for orders.
"""

from __future__ import annotations

import msgspec

PUBLIC, PRIVATE, TRADE = "/v5/public/", "/v5/private", "/v5/trade"


class Endpoints(msgspec.Struct, frozen=True):
    """Base addresses without a path; `trade` is None where orders go by REST only.

    `batched` are the categories whose orders may go in batches.
    """

    rest: str
    public: str
    private: str
    trade: str | None
    batched: tuple[str, ...] = ("linear", "inverse", "spot")

    def stream_url(self, path: str) -> str:
        """The address of a stream's path. Raises ConnectionError where it does not exist."""
        if path.startswith(PUBLIC):
            return self.public + path
        base = self.trade if path.startswith(TRADE) else self.private
        if base is None:
            raise ConnectionError(f"this environment has no stream at {path}")
        return base + path


_HOSTS = {
    "mainnet": Endpoints(
        "https://api.bybit.com",
        "wss://stream.bybit.com",
        "wss://stream.bybit.com",
        "wss://stream.bybit.com",
    ),
    "testnet": Endpoints(
        "https://api-testnet.bybit.com",
        "wss://stream-testnet.bybit.com",
        "wss://stream-testnet.bybit.com",
        "wss://stream-testnet.bybit.com",
    ),
    "demo": Endpoints(
        "https://api-demo.bybit.com",
        "wss://stream.bybit.com",
        "wss://stream-demo.bybit.com",
        None,
        batched=("linear",),
    ),
}
ENVIRONMENTS = (*_HOSTS, "local")


def endpoints(environment: str, url: str | None = None) -> Endpoints:
    """The addresses of an environment; `local` is the loopback `url` for everything.

    Raises ValueError for an environment there is none of, or an address that does not belong.
    """
    if environment == "local":
        if url is None:
            raise ValueError("url: a local exchange needs its address")
        socket = "ws" + url.removeprefix("http")
        return Endpoints(url, socket, socket, socket)
    if url is not None:
        raise ValueError(f"url: {environment} has its own address")
    if environment not in _HOSTS:
        raise ValueError(f"environment: {environment!r} is none of {', '.join(ENVIRONMENTS)}")
    return _HOSTS[environment]
