"""Reading pages as text: what tests of several pages share."""

import re
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client


@pytest.fixture(autouse=True)
def fresh_cache() -> Iterator[None]:
    """Pages keep what they read for a moment; no test shall see another's."""
    cache.clear()
    yield
    cache.clear()


def page(client: Client, path: str = "/", **headers: str) -> str:
    """The text of a page that is there."""
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def assert_safe(response: HttpResponse) -> None:
    """Hold a page to the policy: no inline script, style or handler, nothing from elsewhere."""
    html = response.content.decode()
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert " style=" not in html
    assert "<style" not in html
    assert re.findall(r"<script(?![^>]*src=)", html) == []
    assert re.findall(r"\son\w+=", html) == []
    assert re.findall(r'(?:src|href)="(?:https?:)?//', html) == []


def symbols(html: str) -> list[str]:
    """The rows of the page's table, in order."""
    body = html.split('id="rows"')[1].split("</tbody>")[0]
    return re.findall(r'data-row="(\w+)"', body)


def cell(html: str, row: str, name: str) -> tuple[str, str]:
    """Text and class of a cell."""
    part = html.split(f'data-row="{row}"')[1].split("</tr>")[0]
    found = re.search(rf'data-cell="{name}" class="([^"]*)"[^>]*>([^<]*)<', part)
    assert found
    return found[2], found[1]
