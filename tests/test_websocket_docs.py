"""docs/websocket-api.md tells the truth: about the client, the channels, the codes and the limits."""

import re
from pathlib import Path

from market import live
from market.sockets import consumers
from market.sockets import terms as sockets
from market.sockets.slots import LEASE_SECONDS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "websocket-api.md").read_text()


def test_page_shows_the_client_that_the_tests_use() -> None:
    code = (ROOT / "tests" / "client.py").read_text()
    assert f"```python\n{code[code.index('import asyncio') :]}```" in PAGE


def test_page_names_every_channel_message_and_code() -> None:
    assert all(f"`/ws/{channel}/`" in PAGE for channel in live.CHANNELS)
    codes = (sockets.BAD_REQUEST, sockets.NOT_AUTHORISED, sockets.STALLED, sockets.CROWDED, sockets.COME_BACK)
    assert all(f"| {code} |" in PAGE for code in codes)
    assert set(re.findall(r'\| `\{"type": "(\w+)"', PAGE)) == {"ack", "pong", "resync", "subscribe"}


def test_page_states_the_limits_of_the_code() -> None:
    pace = consumers.Pace()
    assert f"pinged and {pace.close_after - pace.ping_after:.0f} s later closed" in PAGE
    assert f"at most {pace.ahead // 1024} kB and one snapshot ahead" in PAGE
    assert f"{pace.messages_per_second:.0f} messages a second ({pace.messages_at_once:.0f} at once)" in PAGE
    assert f"of {consumers.LONGEST_MESSAGE // 1024} kB each" in PAGE
    assert f"at most {consumers.MOST_SYMBOLS:,}" in PAGE
    assert f"within {LEASE_SECONDS:.0f} s" in PAGE
