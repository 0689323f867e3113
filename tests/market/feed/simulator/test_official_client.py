import asyncio
import json
import sys
from pathlib import Path

from market.feed.simulator.schedule import at
from tests.market.feed.simulator.conftest import Serve

SCRIPT = Path(__file__).with_name("official_client.py")


async def test_ssis_own_python_client_logs_in_asks_subscribes_and_receives(serve: Serve) -> None:
    async with serve(at(9, 30)) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), server.url, "X:ALL,MI:ALL,R:ALL",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, problems = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, problems.decode()
    got = json.loads(out.decode().splitlines()[-1])
    assert set(got["statuses"].values()) == {"Success"}
    assert set(got["kinds"]) == {"X", "MI", "R"}
    assert {"FPT", "41I1GC000", "VGI"} <= set(got["symbols"])
