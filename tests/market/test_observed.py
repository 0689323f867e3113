"""Names of requests and sockets, and sockets in numbers."""

import asyncio
from typing import Any

import pytest
from django.urls import re_path
from structlog.contextvars import get_contextvars

from market.observed import Requests, Sockets


async def seen(headers: list[tuple[bytes, bytes]]) -> tuple[str, bytes]:
    """The id in the log lines of a request, and the one in its answer."""
    inside: list[str] = []
    sent: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        inside.append(get_contextvars()["request_id"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await Requests(application)({"headers": headers}, asyncio.Event().wait, send)
    assert "request_id" not in get_contextvars()
    told = dict(sent[0]["headers"])
    assert told[b"a"] == b"b"
    return inside[0], told[b"x-request-id"]


async def test_request_keeps_the_id_that_it_came_with() -> None:
    assert await seen([(b"x-request-id", b"9f8a-7b.6C_5d")]) == ("9f8a-7b.6C_5d", b"9f8a-7b.6C_5d")


@pytest.mark.parametrize(
    "given", [b"short", b"a" * 65, b"with a space", b"line\nbreak", b"quote\"quote'", "tên".encode()]
)
async def test_request_with_an_id_that_is_not_sane_gets_another(given: bytes) -> None:
    inside, told = await seen([(b"x-request-id", given)])
    assert told == inside.encode() != given
    assert len(told) == 16


async def test_requests_have_different_ids() -> None:
    assert (await seen([]))[1] != (await seen([]))[1]


async def socket_of(messages: list[dict[str, Any]], answers: list[dict[str, Any]], path: str) -> dict[str, float]:
    """Let an application hear messages and say answers; the numbers of its address afterwards."""
    heard = iter(messages)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert len(get_contextvars()["connection_id"]) == 12
        for _ in messages:
            await receive()
        for answer in answers:
            await send(answer)

    async def receive() -> dict[str, Any]:
        return next(heard)

    async def send(message: dict[str, Any]) -> None: ...

    sockets = Sockets(application, [re_path(r"^ws/(?P<channel>market|index)/?$", application)])  # type: ignore[arg-type]
    await sockets({"path": path}, receive, send)
    samples = [sample for family in sockets.collect() for sample in family.samples]
    name = sockets.name(path)
    assert {sample.labels["channel"] for sample in samples} == {name}
    return {sample.name + sample.labels.get("code", ""): sample.value for sample in samples}


async def test_socket_is_counted_with_frames_snapshots_acks_and_its_end() -> None:
    told = await socket_of(
        [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": '{"type":"ack","seq":1}'},
         {"type": "websocket.receive", "text": '{"type":"pong"}'}],
        [{"type": "websocket.accept"}, {"type": "websocket.send", "text": '{"type":"snapshot","data":{}}'},
         {"type": "websocket.send", "text": '{"type":"update"}'}, {"type": "websocket.close", "code": 4408}],
        "/ws/market/",
    )  # fmt: skip
    assert told == {
        "tracker_sockets_open": 0, "tracker_sockets_opened_total": 1, "tracker_socket_frames_total": 2,
        "tracker_socket_characters_total": 46, "tracker_socket_snapshots_total": 1, "tracker_socket_messages_total": 2,
        "tracker_socket_acks_total": 1, "tracker_sockets_closed_total4408": 1,
    }  # fmt: skip


async def test_client_that_leaves_has_no_code_of_ours() -> None:
    assert (await socket_of([{"type": "websocket.disconnect"}], [], "/ws/index"))["tracker_sockets_closed_total0"] == 1


async def test_address_that_nothing_serves_makes_no_name_of_its_own() -> None:
    sockets = Sockets(None, [re_path(r"^ws/(?P<channel>market)/?$", lambda: None)])  # type: ignore[arg-type, misc, return-value]
    assert [sockets.name(path) for path in ("/ws/market", "/ws/market/", "/ws/x1", "/ws/x2", "/")] == [
        "market", "market", "unknown", "unknown", "unknown",
    ]  # fmt: skip
