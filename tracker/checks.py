"""Django system checks of combinations of settings that each setting alone cannot judge.

`manage.py check` shows the errors; `manage.py check --deploy` the warnings too, because a checkout without
credentials is a developer's everyday one.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "testserver"}


def register_checks() -> None:
    """Register all checks; called once, when the apps are ready."""
    register(check_secret_key, Tags.security)
    register(check_debug, Tags.security)
    register(check_channel_layer, Tags.compatibility)
    register(check_credentials, Tags.compatibility, deploy=True)


def is_public() -> bool:
    """Tell whether others than this machine are meant to reach us."""
    return settings.HTTPS_ONLY or not LOCAL_HOSTS.issuperset(settings.ALLOWED_HOSTS)


def check_secret_key(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """The built-in key is published with the source: whoever knows it can forge sessions."""
    if settings.SECRET_KEY != settings.DEFAULT_SECRET_KEY or not is_public():
        return []
    return [
        Error(
            "SECRET_KEY is the built-in one, on a site that others can reach.",
            hint="Set SECRET_KEY to 50 random characters.",
            id="tracker.E001",
        )
    ]


def check_debug(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """DEBUG shows settings and source to whoever causes an error."""
    if not settings.DEBUG or not is_public():
        return []
    return [
        Error(
            "DEBUG is on, on a site that others can reach.",
            hint="Unset DEBUG, or leave only local names in ALLOWED_HOSTS and unset HTTPS_ONLY.",
            id="tracker.E002",
        )
    ]


def check_channel_layer(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """An in-memory layer does not carry messages from ingest to the web processes."""
    if settings.CHANNEL_LAYERS["default"]["BACKEND"] != "channels.layers.InMemoryChannelLayer":
        return []
    return [
        Error(
            "The channel layer is in memory: ingest and the web processes cannot see each other.",
            hint="Use market.channel_layer.ChannelLayer.",
            id="tracker.E003",
        )
    ]


def check_credentials(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Without credentials only simulations and recordings can be shown."""
    missing = [name for name in ("SSI_CONSUMER_ID", "SSI_CONSUMER_SECRET") if not getattr(settings, name)]
    if not missing:
        return []
    return [
        Warning(
            f"{' and '.join(missing)} not set: there will be no live data.",
            hint="Set them in .env; SSI gives them to customers of FastConnect Data.",
            id="tracker.W001",
        )
    ]
