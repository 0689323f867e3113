"""The SignalR core, fed with frames; no socket anywhere."""

import json
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.feed import signalr
from market.feed.errors import (
    FeedError,
    QuotaExceeded,
    RetryableFeedError,
    Unauthorised,
    WrongAddress,
)
from tests.market.feed.venue import MESSAGE, broadcast

STREAM = "https://fc-datahub.ssi.com.vn/"
HUB_ENTRY = {"H": "FcMarketDataV2Hub", "M": "Broadcast"}


def test_receive_broadcast_returns_the_message_text_as_it_was() -> None:
    received = signalr.receive(broadcast(MESSAGE).encode())
    assert received.messages == [MESSAGE]
    assert not received.is_odd
    assert not received.keep_alive


def test_receive_several_entries_returns_them_in_order() -> None:
    assert signalr.receive(broadcast("a", "b", "c")).messages == ["a", "b", "c"]


def test_receive_empty_object_is_a_keep_alive() -> None:
    assert signalr.receive(b"{}").keep_alive
    assert not signalr.receive(b"{}").is_odd


def test_receive_first_frame_is_init() -> None:
    received = signalr.receive('{"C":"d-A,0|B,0","S":1,"M":[]}')
    assert received.init
    assert not received.keep_alive


def test_receive_reconnect_request_is_told() -> None:
    received = signalr.receive('{"C":"d-A,0","G":"x","T":1,"M":[]}')
    assert received.reconnect
    assert received.is_odd


@pytest.mark.parametrize("number", ["0", 0])
def test_receive_reply_returns_its_id_as_text(number: str | int) -> None:
    received = signalr.receive(json.dumps({"I": number}))
    assert received.replies == [signalr.Reply("0")]


def test_receive_reply_with_error_returns_the_text() -> None:
    received = signalr.receive('{"I":"0","E":"There was an error","H":true,"D":{"x":1}}')
    assert received.replies == [signalr.Reply("0", "There was an error")]


def test_receive_error_callback_returns_the_text() -> None:
    frame = json.dumps({"M": [{"H": "h", "M": "Error", "A": ["Connection has been blocked, quota 1 exceeded by 2"]}]})
    assert signalr.receive(frame).errors == ["Connection has been blocked, quota 1 exceeded by 2"]


def test_receive_error_callback_with_an_object_returns_it_as_text() -> None:
    frame = json.dumps({"M": [{"H": "h", "M": "Error", "A": [{"code": 7}]}]})
    assert signalr.receive(frame).errors == ['{"code":7}']


def test_receive_object_argument_returns_it_as_json() -> None:
    frame = json.dumps({"M": [HUB_ENTRY | {"A": [json.loads(MESSAGE)]}]})
    received = signalr.receive(frame)
    assert [msgspec.json.decode(text) for text in received.messages] == [json.loads(MESSAGE)]
    assert received.rejects == []


def test_receive_two_arguments_takes_the_first() -> None:
    assert signalr.receive(json.dumps({"M": [HUB_ENTRY | {"A": ["a", "b"]}]})).messages == ["a"]
    assert signalr.receive(json.dumps({"M": [HUB_ENTRY | {"A": ["a", 5]}]})).messages == ["a"]


def test_receive_lower_case_method_is_understood() -> None:
    frame = json.dumps({"M": [{"H": "fcmarketdatav2hub", "M": "broadcast", "A": ["a"]}]})
    assert signalr.receive(frame).messages == ["a"]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("not JSON", "frame_not_json"),
        (b"\xff\xfe", "frame_not_json"),
        ('{"M":[', "frame_not_json"),
        ('[{"M":[]}]', "frame_not_object"),
        ('"text"', "frame_not_object"),
        ('{"M":{"H":"h"}}', "bad_entry"),
        ('{"M":["text"]}', "bad_entry"),
        ('{"M":[{"H":"h","M":"Heartbeat","A":[]}]}', "unknown_method"),
        ('{"M":[{"H":"h","M":7,"A":["a"]}]}', "unknown_method"),
        ('{"M":[{"H":"h","M":"Broadcast","A":[]}]}', "no_argument"),
        ('{"M":[{"H":"h","M":"Broadcast"}]}', "no_argument"),
        ('{"M":[{"H":"h","M":"Broadcast","A":[7]}]}', "bad_argument"),
        ('{"M":[{"H":"h","M":"Broadcast","A":[null]}]}', "bad_argument"),
    ],
)
def test_receive_unusable_frame_is_rejected_with_a_reason(frame: str | bytes, reason: str) -> None:
    received = signalr.receive(frame)
    assert received.rejects == [reason]
    assert received.messages == []
    assert received.is_odd


def test_receive_bad_entry_does_not_cost_the_good_ones() -> None:
    frame = json.dumps({"M": [HUB_ENTRY | {"A": ["a"]}, HUB_ENTRY | {"A": [7]}, HUB_ENTRY | {"A": ["b"]}]})
    received = signalr.receive(frame)
    assert received.messages == ["a", "b"]
    assert received.rejects == ["bad_argument"]


def test_receive_message_and_reply_in_one_odd_frame_gives_both() -> None:
    frame = json.dumps({"I": 0, "M": [HUB_ENTRY | {"A": ["a", 7]}]})
    received = signalr.receive(frame)
    assert (received.messages, received.replies) == (["a"], [signalr.Reply("0")])


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["M", "A", "I", "E", "S", "T", "H", "C"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_receive_any_json_never_raises(value: object) -> None:
    received = signalr.receive(json.dumps(value))
    assert all(isinstance(text, str | bytes) for text in received.messages)
    assert all(isinstance(text, str) for text in received.errors)


@given(st.binary(max_size=60))
def test_receive_any_bytes_never_raises(frame: bytes) -> None:
    signalr.receive(frame)


def test_urls_encode_what_a_connection_token_holds() -> None:
    url = signalr.connect_url(STREAM, "AQ+/b==")
    parts = urlsplit(url)
    assert (parts.scheme, parts.path) == ("wss", "/v2.0/signalr/connect")
    assert "+" not in parts.query
    query = parse_qs(parts.query)
    assert query["connectionToken"] == ["AQ+/b=="]
    assert query["transport"] == ["webSockets"]
    assert query["connectionData"] == ['[{"name":"fcmarketdatav2hub"}]']


def test_urls_of_a_plain_server_use_plain_schemes() -> None:
    assert signalr.negotiate_url("http://localhost:8900").startswith("http://localhost:8900/v2.0/signalr/negotiate?")
    assert signalr.connect_url("http://localhost:8900", "t").startswith("ws://localhost:8900/v2.0/signalr/connect?")
    assert signalr.start_url("http://localhost:8900/", "t").startswith("http://localhost:8900/v2.0/signalr/start?")


def test_switch_channels_names_hub_method_and_channel() -> None:
    frame = json.loads(signalr.switch_channels("X:ACB-BID"))
    assert frame == {"H": "FcMarketDataV2Hub", "M": "SwitchChannels", "A": ["X:ACB-BID"], "I": 0}


def test_parse_negotiation_reads_what_the_client_needs() -> None:
    body = b'{"Url":"/v2.0/signalr","ConnectionToken":"AQ+/","KeepAliveTimeout":20.0,"TryWebSockets":true}'
    negotiation = signalr.parse_negotiation(200, body)
    assert (negotiation.connection_token, negotiation.keep_alive_timeout) == ("AQ+/", 20.0)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b"", Unauthorised),
        (403, b"Forbidden", Unauthorised),
        (429, b"", QuotaExceeded),
        (403, b"Connection has been blocked, quota 1 exceeded by 2", QuotaExceeded),
        (502, b"Bad Gateway", RetryableFeedError),
        (404, b"<html>Not Found</html>", WrongAddress),
        (200, b"<html>Welcome</html>", WrongAddress),
        (200, b'{"hello":"world"}', WrongAddress),
        (200, b'{"ConnectionToken":"t","TryWebSockets":false}', WrongAddress),
        (200, b'{"message":"Missing Authorization header","status":401}', Unauthorised),
        (200, b'{"Error":"out of order"}', RetryableFeedError),
    ],
)
def test_parse_negotiation_other_answer_raises_what_it_means(status: int, body: bytes, kind: type[FeedError]) -> None:
    with pytest.raises(FeedError) as caught:
        signalr.parse_negotiation(status, body)
    assert type(caught.value) is kind
    assert "negotiate" in str(caught.value)
