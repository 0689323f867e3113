"""How the settings read the environment. They alone use this, so that each variable is read in one place.

Instead of VARIABLE there may be VARIABLE_FILE, the path of a file that holds the value: so secrets reach containers.
A value that cannot be used raises ImproperlyConfigured with the variable, its value and what was expected.
"""

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()

Value = TypeVar("Value")


def read(name: str, cast: Callable[[str], Value], default: Value, expected: str) -> Value:
    """Read one variable. Empty means "not set"."""
    raw, path = env.str(name, default=""), env.str(f"{name}_FILE", default="")
    if raw and path:
        raise ImproperlyConfigured(f"{name}: expected one of {name} and {name}_FILE, both are set")
    shown = f"what {path} holds" if path else repr(raw)
    if path:
        raw = read_secret(name, Path(path))
    if raw == "":
        return default
    try:
        return cast(raw)
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(f"{name}: expected {expected}, was {shown}") from (None if path else error)


def read_secret(name: str, path: Path) -> str:
    """The value that a file holds, without the line break at its end."""
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE: expected a text file that can be read, was {str(path)!r}") from error


def text(name: str, default: str = "") -> str:
    """Any text."""
    return read(name, str, default, "text")


def flag(name: str, default: bool) -> bool:
    """Yes or no."""
    meanings = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)
    return read(name, lambda raw: meanings[raw.lower()], default, "true or false")


def whole(name: str, default: int, low: int, high: int) -> int:
    """A whole number, both bounds included."""

    def cast(raw: str) -> int:
        number = int(raw)
        if not low <= number <= high:
            raise ValueError
        return number

    return read(name, cast, default, f"a whole number from {low} to {high}")


def number(name: str, default: float, low: float, high: float) -> float:
    """A number, both bounds included."""

    def cast(raw: str) -> float:
        value = float(raw)
        if not low <= value <= high:
            raise ValueError
        return value

    return read(name, cast, default, f"a number from {low:g} to {high:g}")


def words(name: str, default: list[str]) -> list[str]:
    """Entries of a comma list."""
    return read(name, entries, default, "a comma list")


def entries(raw: str) -> list[str]:
    """What stands between the commas, without what is empty."""
    return [entry for each in raw.split(",") if (entry := each.strip())]


def url(name: str, default: str, schemes: set[str]) -> str:
    """An address of one of the schemes."""

    def cast(raw: str) -> str:
        if urlsplit(raw).scheme not in schemes:
            raise ValueError
        return raw

    return read(name, cast, default, f"an address that starts with {' or '.join(sorted(schemes))}")


def urls(name: str, default: list[str], schemes: set[str]) -> list[str]:
    """Different addresses of the schemes."""

    def cast(raw: str) -> list[str]:
        found = entries(raw)
        if not schemes.issuperset(urlsplit(each).scheme for each in found) or len(set(found)) < len(found):
            raise ValueError
        return found

    starts = " or ".join(sorted(schemes))
    return read(name, cast, default, f"a comma list of different addresses that start with {starts}")


def networks(name: str) -> list[str]:
    """Addresses and networks, and `unix` for sockets of this machine."""

    def cast(raw: str) -> list[str]:
        return [entry if entry == "unix" else str(ip_network(entry)) for entry in entries(raw)]

    return read(name, cast, [], "a comma list of addresses, networks (10.0.0.0/8) and unix")


def one_of(name: str, default: str, choices: set[str]) -> str:
    """One of a few words."""
    return read(name, {choice: choice for choice in choices}.__getitem__, default, f"one of {sorted(choices)}")


def read_env_file(path: Path, *, wanted: bool) -> None:
    """Let a file say what the environment lacks. `wanted`: somebody named it, so it has to be there."""
    if path.exists():
        environ.Env.read_env(path)
    elif wanted:
        raise ImproperlyConfigured(f"ENV_FILE: expected a file, was {text('ENV_FILE')!r}")


def database(address: str, *options: str, pool_size: int) -> dict[str, Any]:
    """What Django has to know of a server. `options` of PostgreSQL are name=value; `pool_size` 0: no pool."""
    config: dict[str, Any] = env.db_url_config(address)
    config["ENGINE"] = "django.db.backends.postgresql"
    config["CONN_MAX_AGE"] = 0  # any other value leaks one connection a request under Daphne
    given = config.setdefault("OPTIONS", {})
    given["connect_timeout"] = 2
    if pool_size:  # whoever asks for history must hear soon that the database is away
        # A pool left to itself tries again after ever longer pauses, and would miss for minutes that the database is
        # back.
        pool = {"min_size": 1, "max_size": pool_size, "timeout": 1.5, "max_waiting": 100}
        given["pool"] = pool | {"reconnect_timeout": 2}
        # No page or answer is worth more: whoever asks for something rare must not keep a connection for ever.
        options = ("statement_timeout=10s", *options)
        config["CONN_HEALTH_CHECKS"] = True  # a pool keeps connections that died with the server
    words_given = [f"-c {option}" for option in options] + [given.pop("options", "")]  # the last word wins
    if any(words_given):
        given["options"] = " ".join(filter(None, words_given))
    return config
