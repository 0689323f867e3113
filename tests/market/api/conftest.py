"""The API as a client sees it: in this process, with anonymous reading on unless a test says otherwise."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from market.api import search, symbols
from market.api.throttles import budgets
from tests.market.live_rows import VN30, Publisher, future_row, indices, market_row

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture(autouse=True)
def fresh(settings: Settings) -> Iterator[None]:
    """Nothing remembered from another test."""
    settings.ANONYMOUS_READ = True
    for kept in (symbols._known, search._kept, budgets._callers):
        kept.clear()
    yield


@pytest.fixture
def ask(client: Client) -> Ask:
    """Ask for an address; the status and the decoded body, whose errors have the one shape."""

    def ask(address: str, **headers: str) -> tuple[int, Any]:
        response = client.get(address, headers=headers)
        body = json.loads(content(response)) if content(response) else None
        if response.status_code >= 400:
            assert set(body) == {"code", "detail"}
            assert all(isinstance(value, str) and value for value in body.values())
        return response.status_code, body

    return ask


def content(response: HttpResponse) -> bytes:
    """The body, also of an answer that streams."""
    return b"".join(response) if response.streaming else response.content


@pytest.fixture
def published(redis_url: str) -> Publisher:
    """A live market: VN30 and one stock of HNX, indices, and the front future."""
    publisher = Publisher()
    rows = {symbol: market_row(symbol, **volumes()) for symbol in VN30}
    publisher.store("market", rows | {"SHS": market_row("SHS", board="HNX", **volumes())})
    publisher.store("index", indices())
    publisher.store("derivatives", {"41I1GC000": future_row()})
    return publisher


def volumes() -> dict[str, Any]:
    """1000 shares by aggressor, phase and method."""
    kinds = {"buy": 500, "sell": 300, "neutral": 100, "unclassified": 100}
    return {
        "total_volume": 1000,
        **{f"{kind}_volume": volume for kind, volume in kinds.items()},
        "phases": {"ato": dict.fromkeys(kinds, 0) | {"neutral": 100}, "continuous": kinds | {"neutral": 0}},
        "methods": {"feed": 700, "quote": 100, "auction": 100, "none": 0},
    }
