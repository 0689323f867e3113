"""The guard before webhooks and push: what is refused, however it is written."""

import socket
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.addresses import AddressRefused, NotResolved, is_allowed, resolve, take_apart
from alerts.delivery.post import Poster


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "//example.org/"),
        *("https://user@example.org/", "https://user:word@example.org/", "https://@example.org/", "https:///path"),
        *("https://example.org:22/", "https://example.org:80/", "https://example.org:6379/", "https://example.org:x/"),
        *("https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/"),
        *("https://0/", "https://0x7f.1/", "https://127.0.0.1./", "https://localhost./", "https://１２７.0.0.1/"),
        *("https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/", "https://10.0.0.1/", "https://172.16.3.4/"),
        *(
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
        ),
        *("https://255.255.255.255/", "https://224.0.0.1/", "https://198.18.0.1/", "https://192.0.0.192/"),
        *("https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/"),
        *(
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[64:ff9b:1::1]/",
            "https://[2002:7f00:1::]/",
        ),
        *("https://[2001::1]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/", "https://[fc00::1]/"),
        *("https://[fec0::1]/", "https://[ff02::1]/", "https://[2001:db8::1]/", "https://[fd00:ec2::254]/"),
        *("https://exa mple.org/", "https://example.org\\@127.0.0.1/", "https://example.org/\r\nHost: a", "https://"),
        *("https://example.org/#fragment", "https://exa_mple.org/", "https://" + "a" * 1000, "https://xn--/", "", "a"),
        *("https://example.org/\x00", "https://[::1", "https://1.2.3.4.5/", "https://example.0x7f/"),
    ],
)
def test_address_that_is_not_public_https_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        take_apart(url, loopback=False)


@pytest.mark.parametrize(
    ("url", "host", "at"),
    [
        ("https://example.org/hook?a=1", "example.org", "https://203.0.113.9:443/hook?a=1"),
        ("https://EXAMPLE.org", "example.org", "https://203.0.113.9:443/"),
        ("https://chứng-khoán.vn:8443/x", "xn--chng-khon-71a3590i.vn", "https://203.0.113.9:8443/x"),
        ("https://1.1.1.1/", "1.1.1.1", "https://203.0.113.9:443/"),
        ("https://[2606:4700::1111]/", "2606:4700::1111", "https://203.0.113.9:443/"),
    ],
)
def test_public_address_is_taken_apart(url: str, host: str, at: str) -> None:
    place = take_apart(url, loopback=False)
    assert place.host.startswith(host[:4])
    assert place.host.isascii()
    assert place.at("203.0.113.9") == at


def test_refusal_repeats_nothing_of_the_address() -> None:
    with pytest.raises(AddressRefused) as caught:
        take_apart("https://user:secret-word@example.org/", loopback=False)
    assert "secret-word" not in str(caught.value)


@given(st.ip_addresses(v=4).map(str))
def test_private_addresses_hide_in_no_notation(address: str) -> None:
    plain = ip_address(address)
    embedded = [ip_address(f"::ffff:{address}"), ip_address(f"64:ff9b::{address}"), ip_address(f"::{address}")]
    assert not any(is_allowed(each, loopback=False) for each in embedded)
    if not plain.is_global or plain.is_multicast:
        assert not is_allowed(plain, loopback=False)


@given(st.ip_addresses(v=6))
def test_allowed_ipv6_is_global_unicast(address: Any) -> None:
    if is_allowed(address, loopback=False):
        assert address.is_global
        assert 0x2000 <= int(address) >> 112 <= 0x3FFF
        assert address.ipv4_mapped is None
        assert address.sixtofour is None


def test_loopback_is_open_only_where_a_setting_says_so() -> None:
    assert take_apart("http://127.0.0.1:9999/", loopback=True).port == 9999
    with pytest.raises(AddressRefused):
        take_apart("https://10.0.0.1/", loopback=True)
    with pytest.raises(AddressRefused):
        take_apart("http://169.254.169.254/", loopback=True)


def answers(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[int]:
    """Let names have these addresses; the list tells how often somebody asked."""
    asked: list[int] = []

    def getaddrinfo(host: str, port: int, *rest: Any, **options: Any) -> list[Any]:
        asked.append(port)
        family = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (family[ip_address(each).version], socket.SOCK_STREAM, 6, "", (each, port, 0, 0)[: 2 if "." in each else 4])
            for each in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


async def test_name_with_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    place = take_apart("https://example.org/", loopback=False)
    answers(monkeypatch, "1.1.1.1", "2606:4700::1111")
    assert await resolve(place, loopback=False) == ["1.1.1.1", "2606:4700::1111"]
    answers(monkeypatch, "1.1.1.1", "127.0.0.1")
    with pytest.raises(AddressRefused):
        await resolve(place, loopback=False)
    answers(monkeypatch)
    with pytest.raises(NotResolved):
        await resolve(place, loopback=False)


async def test_name_is_resolved_once_and_the_connection_goes_to_that_address(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Any
) -> None:
    port = int(elsewhere.url.rpartition(":")[2])
    asked = answers(monkeypatch, "127.0.0.1")
    async with Poster(loopback=True) as poster:
        answer = await poster.to_stranger(f"http://rebinding.example.org:{port}/hook", b"{}", {})
    assert answer.status == 200
    assert elsewhere.at("/hook")[0].headers["Host"] == f"rebinding.example.org:{port}"
    assert asked.count(port) <= 2  # once by us; the event loop asks again for the plain address, which needs no server
