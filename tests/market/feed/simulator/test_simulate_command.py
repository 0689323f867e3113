import gzip
import json
import socket
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from market.feed.simulator import Simulator, SimulatorError, SimulatorOptions
from market.feed.simulator.export import export_day, write_truth
from market.feed.simulator.recorded import RecordedStage
from market.feed.simulator.schedule import DAY_END, at
from market.feed.simulator.server import default_day
from tests.market.feed.simulator.conftest import DAY, small_universe
from tests.market.feed.simulator.test_signalr import messages, streaming


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    path = tmp_path_factory.mktemp("export") / "day.jsonl.gz"
    return path, export_day(small_universe(), DAY, path, ("X", "MI")).truth


def test_export_writes_a_recording_with_its_truth(exported: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    path, truth = exported
    with gzip.open(path) as file:
        lines = [json.loads(line) for line in file]
    assert len(lines) == truth["messages"] == sum(truth["messages_by_type"].values())
    assert set(lines[0]) == {"DataType", "Content", "ReceivedAt"}
    assert lines[0]["ReceivedAt"] >= 1_795_139_100
    contents = [json.loads(line["Content"]) for line in lines if line["DataType"] == "X"]
    totals = {content["Symbol"]: content["TotalVol"] for content in contents}
    assert all(truth["symbols"][symbol]["total_volume"] == total for symbol, total in totals.items())
    write_truth(truth, tmp_path / "truth.json")
    assert json.loads((tmp_path / "truth.json").read_text()) == truth


async def test_recording_is_served_with_its_own_day_and_symbols(exported: tuple[Path, dict[str, Any]]) -> None:
    options = SimulatorOptions(recording=exported[0], start=at(9, 20), speed=50.0)
    async with Simulator(options) as server:
        assert server.stage.day == DAY
        async with streaming(server, "X:FPT") as socket:
            first, second = await messages(socket, 2)
        assert first["Symbol"] == second["Symbol"] == "FPT"
        assert "09:1" <= first["Time"] <= "09:20:00" <= second["Time"]
        assert server.truth()["symbols"]["FPT"]["total_volume"] > 0


def test_recording_played_to_its_end_has_the_totals_of_the_day(exported: tuple[Path, dict[str, Any]]) -> None:
    path, truth = exported
    stage = RecordedStage(path, 1)
    stage.want(("X",))
    frames = stage.advance(DAY_END)
    assert len(frames) == truth["messages_by_type"]["X"]
    assert stage.is_over()
    for symbol, known in stage.truth()["symbols"].items():
        assert known["total_volume"] == truth["symbols"][symbol]["total_volume"]
        assert known["trades"] == truth["symbols"][symbol]["trades"]


def test_default_day_on_a_weekend_is_monday() -> None:
    assert default_day(DAY) == DAY
    assert default_day(DAY.replace(day=22)) == DAY.replace(day=23)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"speed": 0.0}, "--speed"),
        ({"date": "20/11/2026"}, "--date"),
        ({"start": "9"}, "--start"),
        ({"port": 70_000}, "--port"),
        ({"calls_per_second": -1.0}, "--calls-per-second"),
        ({"truth": Path("truth.json")}, "--truth"),
        ({"export": Path("x.gz"), "channels": "Q"}, "--channels"),
        ({"export": Path("/nowhere/x.gz")}, "/nowhere/x.gz"),
        ({"recording": Path("/nowhere/x.gz")}, "/nowhere/x.gz"),
        ({"recording": Path(__file__)}, "expected a recording"),
    ],
)
def test_simulate_with_bad_arguments_says_which_in_one_line(given: dict[str, Any], names: str) -> None:
    with pytest.raises(CommandError, match=names) as refused:
        call_command("simulate", stdout=StringIO(), **given)
    assert "\n" not in str(refused.value)


async def test_simulator_on_a_port_in_use_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SimulatorError, match=f"127.0.0.1:{port}"):
            async with Simulator(SimulatorOptions(port=port)):
                pass
