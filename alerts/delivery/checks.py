"""Django system checks of delivery's settings. No message repeats a key."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from alerts.delivery import push, sealing


def register_checks() -> None:
    """Register all checks; called once, when the apps are ready."""
    register(check_keys, Tags.security)
    register(check_push_key, Tags.security)
    register(check_loopback, Tags.security, deploy=True)


def check_keys(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """A key that is none would stop every delivery."""
    try:
        sealing.safe()
    except ValueError:
        hint = "docs/delivery.md tells how to make one."
        return [Error("DELIVERY_KEYS: expected Fernet keys (44 characters of base64url).", hint=hint, id="alerts.E001")]
    return []


def check_push_key(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Without a key no browser can subscribe."""
    try:
        push.public_key()
    except ValueError:
        hint = "docs/delivery.md tells how to make one."
        return [Error("VAPID_PRIVATE_KEY: expected 32 bytes in base64url.", hint=hint, id="alerts.E002")]
    return []


def check_loopback(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """On a real site users would reach what listens on this machine alone."""
    if not settings.DELIVERY_TO_LOOPBACK:
        return []
    return [
        Warning(
            "DELIVERY_TO_LOOPBACK lets users send requests to this machine's own services.",
            hint="Unset it.",
            id="alerts.W001",
        )
    ]
