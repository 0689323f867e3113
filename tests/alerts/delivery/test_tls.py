"""Certificates are held against the name that a user gave, although the connection goes to an address."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from alerts.delivery import post
from alerts.delivery.post import Poster, PostFailed
from tests.ports import held_port
from tracker.launch.ports import LOOPBACK

HOST = "hook.example.org"


def certificate(path: Path) -> Path:
    """A certificate for HOST that vouches for itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    return path


@pytest.fixture
async def secure_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The port of a server with that certificate, which we trust, behind every name there is."""
    file = certificate(tmp_path / "certificate.pem")
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(file)
    monkeypatch.setattr(post, "tls", lambda: ssl.create_default_context(cafile=str(file)))

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=request.headers["Host"])

    application = web.Application()
    application.router.add_post("/", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    port = held_port()
    await web.TCPSite(runner, LOOPBACK, port, ssl_context=ours).start()

    async def resolved(*rest: Any, **options: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (LOOPBACK, port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    yield port
    await runner.cleanup()


async def test_certificate_of_the_named_host_is_taken_and_another_is_not(secure_port: int) -> None:
    async with Poster(loopback=True) as poster:
        answer = await poster.to_stranger(f"https://{HOST}:{secure_port}/", b"{}", {})
        assert (answer.status, answer.body) == (200, f"{HOST}:{secure_port}".encode())
        with pytest.raises(PostFailed, match="cannot_connect"):
            await poster.to_stranger(f"https://other.example.org:{secure_port}/", b"{}", {})
