"""Secrets at rest: JSON sealed with Fernet (AES-128-CBC and HMAC-SHA256) under keys of the settings.

`DELIVERY_KEYS` seal and open; a key derived from SECRET_KEY comes after them, so that an installation without keys
works and one that sets its first key still opens what it has. `manage.py reseal_delivery` seals all with the first.
"""

import base64
from typing import Any, Final

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

SEAL: Final = b"tracker delivery seal"
PUSH: Final = b"tracker delivery push"


class SealBroken(Exception):
    """What is stored was sealed with a key that is no longer among the keys: its user must enter it again."""


def derived(purpose: bytes) -> bytes:
    """32 bytes that nobody can guess without SECRET_KEY, of their own for each purpose."""
    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(settings.SECRET_KEY.encode())


def keys() -> list[str]:
    """The keys in the order they are tried; the first seals."""
    return [*settings.DELIVERY_KEYS, base64.urlsafe_b64encode(derived(SEAL)).decode()]


def safe() -> MultiFernet:
    """What seals and opens. Raises ValueError for a key that is none."""
    return MultiFernet([Fernet(key) for key in keys()])


def seal(value: dict[str, Any]) -> str:
    """A value as text that only we can read."""
    return safe().encrypt(msgspec.json.encode(value)).decode()


def unseal(text: str) -> dict[str, Any]:
    """The value again; nothing for an empty text. Raises SealBroken."""
    if not text:
        return {}
    try:
        return msgspec.json.decode(safe().decrypt(text.encode()), type=dict[str, Any])
    except (InvalidToken, msgspec.MsgspecError) as error:
        raise SealBroken("expected a value sealed with one of the keys") from error


def reseal(text: str) -> str:
    """The same value sealed with the first key. Raises SealBroken."""
    try:
        return safe().rotate(text.encode()).decode() if text else ""
    except InvalidToken as error:
        raise SealBroken("expected a value sealed with one of the keys") from error
