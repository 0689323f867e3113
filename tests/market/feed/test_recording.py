"""Recordings: written, read and played on a real disk."""

import asyncio
import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from market.domain.calendar import VIETNAM
from market.feed.errors import FatalFeedError, FeedError
from market.feed.recording import Recorder, RecordingSource, read_messages
from market.feed.recording.replay import Pace, message_time
from tests.patience import PATIENT_SECONDS

AT = datetime(2026, 11, 20, 9, 15, 4, tzinfo=VIETNAM).timestamp()


def message(number: int, day: str = "20/11/2026", clock: str = "09:15:04") -> str:
    content = {"RType": "X", "TradingDate": day, "Time": clock, "Symbol": "ACB", "TotalVol": number}
    return json.dumps({"DataType": "X", "Content": json.dumps(content)})


def numbers(path: Path) -> list[int]:
    return [json.loads(json.loads(line)["Content"])["TotalVol"] for line in read_messages(path)]


def recording(path: Path, texts: list[str]) -> Path:
    path.write_bytes(gzip.compress("\n".join(texts).encode()))
    return path


# --- Writing


def test_recorder_writes_one_file_a_day_of_vietnam(tmp_path: Path) -> None:
    midnight = datetime(2026, 11, 21, 0, 0, tzinfo=VIETNAM).timestamp()
    with Recorder(tmp_path) as recorder:
        recorder(message(1), midnight - 0.001)
        recorder(message(2).encode(), midnight)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-11-20.jsonl.gz", "2026-11-21.jsonl.gz"]
    assert numbers(tmp_path / "2026-11-20.jsonl.gz") == [1]
    assert numbers(tmp_path / "2026-11-21.jsonl.gz") == [2]
    assert (recorder.written, recorder.dropped) == (2, 0)


def test_recorder_keeps_the_message_and_adds_when_it_came(tmp_path: Path) -> None:
    with Recorder(tmp_path) as recorder:
        recorder(message(1), AT + 0.25)
    line = json.loads(next(read_messages(tmp_path / "2026-11-20.jsonl.gz")))
    assert line.pop("ReceivedAt") == AT + 0.25
    assert line == json.loads(message(1))


def test_recorder_after_a_restart_appends_and_any_tool_can_read_the_file(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        with Recorder(tmp_path) as recorder:
            recorder(message(number), AT)
    path = tmp_path / "2026-11-20.jsonl.gz"
    assert numbers(path) == [1, 2, 3]
    assert len(gzip.decompress(path.read_bytes()).splitlines()) == 3


class ToldRecorder(Recorder):
    """A recorder that tells when its thread has written."""

    def __init__(self, directory: Path) -> None:
        self.flushed = threading.Event()
        super().__init__(directory, flush_seconds=0.01)

    def flush(self) -> None:
        super().flush()
        if self.written:
            self.flushed.set()


def test_recorder_writes_while_it_runs(tmp_path: Path) -> None:
    with ToldRecorder(tmp_path) as recorder:
        recorder(message(1), AT)
        assert recorder.flushed.wait(5)
        assert numbers(tmp_path / "2026-11-20.jsonl.gz") == [1]


def test_recorder_puts_a_message_of_several_lines_on_one(tmp_path: Path) -> None:
    with Recorder(tmp_path) as recorder:
        recorder(json.dumps(json.loads(message(1)), indent=2) + "\n", AT)
    assert numbers(tmp_path / "2026-11-20.jsonl.gz") == [1]


@pytest.mark.parametrize("text", ["", "{}", "text", b"\xff", "[1]", '{"cut'])
def test_recorder_drops_what_would_spoil_the_file(tmp_path: Path, text: str | bytes) -> None:
    with Recorder(tmp_path) as recorder:
        recorder(text, AT)
        recorder(message(1), AT)
    assert numbers(tmp_path / "2026-11-20.jsonl.gz") == [1]
    assert recorder.dropped == 1


def test_recorder_cuts_off_half_a_member_that_a_crash_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Recorder(tmp_path) as recorder:
        recorder(message(1), AT)
    path = tmp_path / "2026-11-20.jsonl.gz"
    whole = path.read_bytes()
    path.write_bytes(whole + gzip.compress(message(2).encode())[:-9])
    with Recorder(tmp_path) as recorder:
        recorder(message(3), AT)
    assert numbers(path) == [1, 3]
    assert "cut off" in caplog.text


def test_recorder_renames_a_file_that_is_something_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "2026-11-20.jsonl.gz"
    path.write_bytes(b"precious, but no gzip")
    with Recorder(tmp_path) as recorder:
        recorder(message(1), AT)
    assert numbers(path) == [1]
    assert (tmp_path / "2026-11-20.jsonl.gz.damaged").read_bytes() == b"precious, but no gzip"
    assert "renamed" in caplog.text


def test_recorder_that_renames_twice_keeps_both(tmp_path: Path) -> None:
    path = tmp_path / "2026-11-20.jsonl.gz"
    for content in (b"the morning", b"the afternoon"):
        path.write_bytes(content)
        with Recorder(tmp_path) as recorder:
            recorder(message(1), AT)
    kept = {each.read_bytes() for each in tmp_path.iterdir() if each != path}
    assert kept == {b"the morning", b"the afternoon"}
    assert numbers(path) == [1]


def test_recorder_cuts_off_zeros_that_a_power_cut_left(tmp_path: Path) -> None:
    path = recording(tmp_path / "2026-11-20.jsonl.gz", [message(1), ""])
    path.write_bytes(path.read_bytes() + bytes(4096))
    with Recorder(tmp_path) as recorder:
        recorder(message(2), AT)
    assert numbers(path) == [1, 2]
    assert list(tmp_path.iterdir()) == [path]


def test_recorder_on_a_disk_that_fails_warns_once_counts_and_recovers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "2026-11-20.jsonl.gz"
    path.mkdir()  # nothing can be written there
    with Recorder(tmp_path, flush_seconds=60) as recorder:
        for number in (1, 2):
            recorder(message(number), AT)
            recorder.flush()
        assert len(caplog.records) == 1
        assert "messages are dropped" in caplog.text
        path.rmdir()
        recorder(message(3), AT)
        recorder.flush()
        assert "works again; 2 messages were dropped" in caplog.text
    assert numbers(path) == [3]
    assert (recorder.written, recorder.dropped) == (1, 2)


# The limit on file sizes cuts a write short as a full disk does. It holds for a whole process, so it gets its own.
FULL_DISK = """
import resource, sys
from pathlib import Path
from market.feed.recording import Recorder

texts = [line.rstrip() for line in sys.stdin]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), -1))
with Recorder(Path(sys.argv[1]), flush_seconds=60) as recorder:
    for text in texts:
        recorder(text, 1795140904.0)
        recorder.flush()
    print(recorder.written, recorder.dropped)
"""


def test_recorder_on_a_full_disk_leaves_a_file_that_can_be_read(tmp_path: Path) -> None:
    texts = "\n".join(message(number) for number in range(10))
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path), "700"],
        input=texts, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    written, dropped = map(int, done.stdout.split())
    assert written > 0 < dropped
    assert written + dropped == 10
    (path,) = tmp_path.iterdir()
    assert numbers(path) == list(range(written))
    assert gzip.decompress(path.read_bytes()).count(b"\n") == written
    assert done.stderr.count("messages are dropped") == 1


def test_recorder_with_too_much_waiting_drops_and_counts(tmp_path: Path) -> None:
    with Recorder(tmp_path, flush_seconds=60, waiting_bytes=1000) as recorder:
        for number in range(20):
            recorder(message(number), AT)
    assert recorder.dropped > 0
    assert numbers(tmp_path / "2026-11-20.jsonl.gz") == list(range(20 - recorder.dropped))


def test_recorder_where_no_directory_can_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FatalFeedError, match="expected a directory"):
        Recorder(tmp_path / "file")


# --- Reading


def test_read_messages_reads_plain_and_gzip_alike(tmp_path: Path) -> None:
    texts = [message(number) for number in range(3)]
    plain = tmp_path / "day.jsonl"
    plain.write_text("\n".join(texts) + "\n\n")
    for path in (plain, recording(tmp_path / "day.jsonl.gz", texts)):
        assert [line.decode().rstrip() for line in read_messages(path)] == texts


@pytest.mark.parametrize("packed", [True, False])
def test_read_messages_of_a_large_file_gives_each_line_once(tmp_path: Path, packed: bool) -> None:
    lines = [f"{message(number)}\n".encode() for number in range(30_000)]
    lines.append(message(30_000).encode())
    text = b"".join(lines)
    path = tmp_path / "day"
    path.write_bytes(gzip.compress(text, compresslevel=0) if packed else text)
    assert path.stat().st_size > 3_000_000
    assert list(read_messages(path)) == lines


def test_read_messages_with_a_first_line_longer_than_a_chunk_finds_it(tmp_path: Path) -> None:
    long = json.dumps({"DataType": "X", "Content": "x" * 300_000})
    assert list(map(len, read_messages(recording(tmp_path / "a.gz", [long, long])))) == [len(long) + 1, len(long)]


def test_read_messages_that_is_cut_off_gives_the_rest_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = gzip.compress("".join(message(number) + "\n" for number in range(5000)).encode())
    path = tmp_path / "day.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    lines = list(read_messages(path))
    assert 1000 < len(lines) < 5000
    assert json.loads(lines[-2])["DataType"] == "X"
    assert "ends early" in caplog.text


def test_read_messages_that_is_damaged_inside_says_so(tmp_path: Path) -> None:
    good = gzip.compress(message(1).encode() + b"\n")
    path = tmp_path / "day.jsonl.gz"
    path.write_bytes(good * 3 + b"damage" + good)
    with pytest.raises(FeedError, match=r"day.jsonl.gz: damaged"):
        list(read_messages(path))


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("missing", lambda path: None),
        ("directory", lambda path: path.mkdir()),
        ("empty", lambda path: path.touch()),
        ("binary", lambda path: path.write_bytes(bytes(range(256)) * 9000)),
        ("packed binary", lambda path: path.write_bytes(gzip.compress(bytes(range(256)) * 9000))),
        ("bad gzip", lambda path: path.write_bytes(b"\x1f\x8b" + b"junk" * 99)),
        ("other JSON", lambda path: path.write_text('{"hello": "world"}\n')),
        ("list", lambda path: path.write_text("[1, 2]\n")),
        ("text", lambda path: path.write_text("DataType,Content\nX,1\n")),
    ],
)
def test_read_messages_of_something_else_is_refused_at_once(
    tmp_path: Path, name: str, make: Callable[[Path], object]
) -> None:
    path = tmp_path / name
    make(path)
    with pytest.raises(FeedError) as caught:
        read_messages(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_read_messages_left_early_ends_its_thread(tmp_path: Path) -> None:
    path = tmp_path / "day"
    path.write_text(f"{message(1)}\n" * 100_000)
    reader = read_messages(path)
    next(reader)
    assert any(thread.name == "recording" for thread in threading.enumerate())
    reader.close()
    assert not any(thread.name == "recording" for thread in threading.enumerate())


# --- Playing


async def test_recording_source_hands_over_every_line_and_ends(tmp_path: Path) -> None:
    texts = [message(1), message(2, clock="09:15:05")]
    source = RecordingSource(recording(tmp_path / "day.jsonl.gz", texts), None)
    heard: list[tuple[str | bytes, float]] = []
    states: list[str] = []
    await source.run(
        lambda text, at: heard.append((text, at)), lambda: states.append(source.connections()["day.jsonl.gz"].state)
    )
    assert heard == [(f"{texts[0]}\n".encode(), AT), (texts[1].encode(), AT + 1)]
    assert states == ["connected", "closed"]
    assert source.connections()["day.jsonl.gz"].detail == "the recording is over"
    assert source.kind == "replay"


async def test_recording_source_plays_what_a_recorder_wrote(tmp_path: Path) -> None:
    with Recorder(tmp_path) as recorder:
        recorder(message(1), AT + 0.25)
    arrivals: list[float] = []
    source = RecordingSource(tmp_path / "2026-11-20.jsonl.gz", 1.0)
    await source.run(lambda text, at: arrivals.append(at), lambda: None)
    assert arrivals == [AT + 0.25]


@pytest.mark.parametrize("received", [True, False])
async def test_recording_source_keeps_the_pace_of_the_day(tmp_path: Path, received: bool) -> None:
    texts = [message(number, clock=f"09:15:0{number}") for number in range(4)]
    if received:
        texts = [f'{message(number)[:-1]},"ReceivedAt":{AT + number}}}' for number in range(4)]
    loop = asyncio.get_running_loop()
    heard: list[float] = []
    source = RecordingSource(recording(tmp_path / "day", texts), 20.0)
    await source.run(lambda text, at: heard.append(loop.time()), lambda: None)
    assert all(at - heard[0] >= number / 20 - 0.005 for number, at in enumerate(heard)), heard


def test_pace_follows_the_clock_and_never_turns_back() -> None:
    pace = Pace(2.0)
    assert pace.wait(1000.0, 50.0) == 0.0
    assert pace.wait(1010.0, 50.0) == 5.0
    assert pace.wait(1004.0, 55.0) == 0.0  # overtaken on the wire
    assert pace.wait(1012.0, 58.0) == -2.0  # late: no wait until it has caught up


def test_pace_skips_a_night_but_not_the_lunch_break() -> None:
    pace = Pace(1.0)
    pace.wait(1000.0, 5.0)  # a first message with the date of the day before
    assert pace.wait(61_000.0, 6.0) == 0.0
    assert pace.wait(61_000.0 + 5400.0, 6.0) == 5400.0


async def test_recording_source_at_full_speed_lets_others_work(tmp_path: Path) -> None:
    path = recording(tmp_path / "day", [message(number) for number in range(60_000)])
    heard: list[float] = []
    playing = asyncio.create_task(RecordingSource(path, None).run(lambda text, at: heard.append(at), lambda: None))
    seen = set()
    while not playing.done():
        await asyncio.sleep(0)
        seen.add(len(heard))
    await playing
    assert len(seen - {0, 60_000}) >= 2


async def test_recording_source_when_cancelled_stops_at_once(tmp_path: Path) -> None:
    texts = [message(1), message(2, clock="10:00:00")]
    source = RecordingSource(recording(tmp_path / "day", texts), 1.0)
    heard = asyncio.Event()
    task = asyncio.create_task(source.run(lambda text, at: heard.set(), lambda: None))
    await asyncio.wait_for(heard.wait(), PATIENT_SECONDS)
    task.cancel()
    await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), PATIENT_SECONDS)
    assert source.connections()["day"].state == "closed"


async def test_recording_source_of_no_recording_is_fatal(tmp_path: Path) -> None:
    source = RecordingSource(tmp_path / "missing", None)
    with pytest.raises(FatalFeedError, match="missing"):
        await source.run(lambda text, at: None, lambda: None)
    assert source.connections()["missing"].state == "closed"


@pytest.mark.parametrize("speed", [0.0, -1.0])
def test_recording_source_with_a_senseless_speed_is_refused(tmp_path: Path, speed: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        RecordingSource(tmp_path, speed)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (message(1).encode(), AT),
        (b'{"DataType":"B","Content":"{\\"TradingDate\\":\\"20/11/2026\\",\\"TradingTime\\":\\"09:15:04\\"}"}', AT),
        (b'{"DataType":"X","Content":"{}","ReceivedAt":12.5}', 12.5),
        (b'{"DataType":"X","Content":{"Time":"09:15:04"}}', None),
        (b'{"DataType":"X","Content":"{}"}', None),
        (b"not JSON", None),
        (message(1, day="99/99/2026").encode(), None),
    ],
)
def test_message_time_is_the_arrival_or_the_exchange_s(line: bytes, expected: float | None) -> None:
    assert message_time(line) == expected
