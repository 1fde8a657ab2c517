"""Connections that are opened, verified, or told apart by why they are not."""

from __future__ import annotations

import asyncio
import datetime
import errno
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.venues import connecting
from engine.venues.connecting import Address, connect


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://api.bybit.com", Address("api.bybit.com", 443, True)),
        ("wss://stream.bybit.com/v5/private?a=1", Address("stream.bybit.com", 443, True)),
        ("http://127.0.0.1:18080", Address("127.0.0.1", 18080, False)),
        ("ws://[::1]/v5/trade", Address("::1", 80, False)),
    ],
)
def test_an_address_is_in_its_url(url: str, address: Address) -> None:
    assert Address.of(url) == address


class Once(asyncio.Protocol):
    """Notes that it has a connection, and leaves it."""

    is_connected = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.is_connected = True
        transport.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1 that nobody vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "venue")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "venue.pem"
    file.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


@pytest.fixture(autouse=True)
def _no_trust_is_kept() -> Iterator[None]:
    connecting._verified.cache_clear()
    yield
    connecting._verified.cache_clear()


async def _served(certificate: Path, host: str) -> Once:
    """Connects to a server with this certificate, under this name."""
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(Once, "127.0.0.1", 0, ssl=theirs)
    port = server.sockets[0].getsockname()[1]
    ours = Once()
    try:
        await connect(Address(host, port, True), ours)
    finally:
        server.close()
    return ours


def test_a_certificate_that_the_system_trusts_opens_a_connection(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert asyncio.run(_served(certificate, "127.0.0.1")).is_connected


@pytest.mark.parametrize(("host", "is_trusted"), [("127.0.0.1", False), ("localhost", True)])
def test_another_does_not_nor_does_the_one_of_another_host(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, host: str, is_trusted: bool
) -> None:
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(ConnectionError, match="the venue's certificate could not be"):
        asyncio.run(_served(certificate, host))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TimeoutError(), "no connection within 5 s"),
        (socket.gaierror(socket.EAI_NONAME, "venue.example"), "no connection: no such host"),
        (OSError(errno.ECONNREFUSED, "10.0.0.1"), "no connection: Connection refused"),
        (OSError("several: 10.0.0.1"), "no connection: OSError"),
    ],
)
def test_what_went_wrong_is_told_without_the_address(
    monkeypatch: pytest.MonkeyPatch, error: OSError, text: str
) -> None:
    async def fail(_address: Address, _protocol: asyncio.Protocol) -> None:
        raise error

    monkeypatch.setattr(connecting, "_connect", fail)
    with pytest.raises(ConnectionError) as raised:
        asyncio.run(connect(Address("venue.example", 443, True), Once()))
    assert str(raised.value) == text


def test_a_venue_that_does_not_answer_is_waited_for_no_longer_than_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connecting, "CONNECT_TIMEOUT_S", 0.0)
    with pytest.raises(ConnectionError, match="no connection within 0 s"):
        asyncio.run(connect(Address("127.0.0.1", 1, False), Once()))
