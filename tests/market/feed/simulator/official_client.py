"""Run SSI's own Python client, unmodified, against a server and print what it got as JSON on the last line.

It prints its bearer token and leaves a daemon thread behind, so it has a process of its own.
"""

import json
import sys
from collections import Counter
from queue import Queue
from types import SimpleNamespace
from typing import Any

from ssi_fc_data.fc_md_client import MarketDataClient
from ssi_fc_data.fc_md_stream import MarketDataStream
from ssi_fc_data.model import model

MESSAGES = 200


def main(url: str, channels: str) -> None:
    config = SimpleNamespace(auth_type="Bearer", consumerID="id", consumerSecret="secret", url=url, stream_url=url)
    client = MarketDataClient(config)
    days = {"fromDate": "10/11/2026", "toDate": "20/11/2026"}
    answers = {
        "securities": client.securities(config, model.securities("HOSE", 1, 100)),
        "details": client.securities_details(config, model.securities_details("HOSE", "FPT", 1, 10)),
        "components": client.index_components(config, model.index_components("VN30", 1, 100)),
        "indices": client.index_list(config, model.index_list("HOSE", 1, 100)),
        "daily": client.daily_ohlc(config, model.daily_ohlc("FPT", **days)),
        "intraday": client.intraday_ohlc(config, model.intraday_ohlc("FPT", **days)),
        "index": client.daily_index(config, model.daily_index("1", "VN30", **days)),
        "prices": client.daily_stock_price(config, model.daily_stock_price("FPT", **days)),
    }
    received: Queue[dict[str, Any]] = Queue()
    stream = MarketDataStream(config, client)
    stream.start(
        received.put, lambda error: received.put({"DataType": "error", "Content": json.dumps(str(error))}), channels
    )
    found = [received.get(timeout=20) for _ in range(MESSAGES)]
    contents = [json.loads(message["Content"]) for message in found]
    kinds = Counter(message["DataType"] for message in found)
    symbols = sorted({content["Symbol"] for content in contents if "Symbol" in content})
    statuses = {name: answer["status"] for name, answer in answers.items()}
    print(json.dumps({"statuses": statuses, "kinds": kinds, "symbols": symbols}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
