"""Opens a connection to a venue: TLS verified, all its addresses tried, no proxy."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohappyeyeballs

CONNECT_TIMEOUT_S = 5.0
NEXT_ADDRESS_S = 0.25
"""How long one address is tried alone (RFC 8305)."""


class Address(NamedTuple):
    """Where a venue listens."""

    host: str
    port: int
    secure: bool

    @classmethod
    def of(cls, url: str) -> Address:
        """The address of an `http`, `https`, `ws` or `wss` URL."""
        parts = urlsplit(url)
        secure = parts.scheme in ("https", "wss")
        return cls(parts.hostname or "", parts.port or (443 if secure else 80), secure)


async def connect(address: Address, protocol: asyncio.Protocol) -> None:
    """Give `protocol` a connection.

    Raises ConnectionError without the address in its text: it may carry what nobody should read.
    """
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await _connect(address, protocol)
    except TimeoutError as error:
        raise ConnectionError(f"no connection within {CONNECT_TIMEOUT_S:g} s") from error
    except ssl.SSLError as error:
        raise ConnectionError("the venue's certificate could not be verified") from error
    except socket.gaierror as error:
        raise ConnectionError("no connection: no such host") from error
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else type(error).__name__
        raise ConnectionError(f"no connection: {why}") from error


async def _connect(address: Address, protocol: asyncio.Protocol) -> None:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    opened = await aiohappyeyeballs.start_connection(
        found, happy_eyeballs_delay=NEXT_ADDRESS_S, loop=loop
    )
    await loop.create_connection(
        lambda: protocol,
        sock=opened,
        ssl=_verified() if address.secure else None,
        server_hostname=address.host if address.secure else None,
    )


@cache
def _verified() -> ssl.SSLContext:
    """Trusts whom the system trusts, for the very host that was asked for."""
    return ssl.create_default_context()
