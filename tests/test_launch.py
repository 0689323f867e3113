"""The launcher's parts in this process: supervisor, run directory, ports, data directory."""

import os
import shutil
import signal
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from django.core.management.base import CommandParser

from market.management.commands.demo import Command as Demo
from tracker.launch.accounts import unprivileged_account
from tracker.launch.errors import LaunchError, ProcessEnded
from tracker.launch.places import can_run, temporary_directory
from tracker.launch.ports import LOOPBACK, Reservation, accepts, free_port
from tracker.launch.postgres import Postgres, programs, wheel
from tracker.launch.process import Command, Process, Warden
from tracker.launch.run_directory import RunDirectory
from tracker.launch.stack import Stack
from tracker.launch.supervisor import StopRequested, Supervisor

FOREVER = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + FOREVER
WITH_CHILD = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True); sys.stdin.read()"


def python(name: str, program: str, **more: float) -> Command:
    return Command(name, [sys.executable, "-c", program], Path("/"), **more)  # type: ignore[arg-type]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].startswith(" Z")


class Said(list[tuple[str, str]]):
    """What the supervisor said, with an action for when a line comes."""

    def __call__(self, name: str, line: str) -> None:
        self.append((name, line))

    def has(self, name: str, part: str) -> bool:
        return any(speaker == name and part in line for speaker, line in self)


def test_supervisor_on_a_signal_stops_those_that_serve_others_last_and_in_reverse_order() -> None:
    said = Said()
    stopped: list[str] = []
    processes: list[Process] = []
    with Supervisor(said) as supervisor:
        for name in ("postgres", "valkey", "web"):
            command = replace(python(name, FOREVER), serves=name != "web")
            process = supervisor.start(command, partial(said.has, name, "up"))
            process.on_exit = lambda ended: stopped.append(ended.name)
            processes.append(process)
        os.kill(os.getpid(), signal.SIGTERM)
        assert supervisor.supervise() == 0
    for process in processes:
        process.waiter.join()
    assert stopped == ["web", "valkey", "postgres"]


def test_supervisor_restores_the_signal_handlers_it_found() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with Supervisor(Said()):
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_supervisor_child_that_dies_at_start_is_named_with_its_last_lines() -> None:
    said = Said()
    with pytest.raises(ProcessEnded, match=r"(?s)ingest: .* code 3\..*no such port"), Supervisor(said) as supervisor:
        other = supervisor.start(python("other", FOREVER))
        supervisor.start(python("ingest", "print('no such port'); raise SystemExit(3)"), lambda: False)
    assert not is_running(other.pid)


def test_supervisor_server_whose_port_is_taken_meanwhile_starts_on_another(
    request: pytest.FixtureRequest,
) -> None:
    thief = socket.socket()
    request.addfinalizer(thief.close)
    tried: list[int] = []

    def command(port: int) -> Command:
        if not tried:
            thief.bind((LOOPBACK, port))
            thief.listen()
        tried.append(port)
        return python(
            "server", f"import socket, time; s = socket.create_server(('{LOOPBACK}', {port})); time.sleep(60)"
        )

    with Supervisor(Said()) as supervisor:
        port = supervisor.start_on_port(0, command, lambda port: port != tried[0] and accepts(port))
        assert tried == [thief.getsockname()[1], port]
        assert [child.process.code for child in supervisor.children] == [None]


def test_supervisor_server_that_fails_for_another_reason_is_not_tried_again() -> None:
    with pytest.raises(ProcessEnded, match="code 3"), Supervisor(Said()) as supervisor:
        supervisor.start_on_port(0, lambda port: python("server", "raise SystemExit(3)"), accepts)


def test_supervisor_earlier_child_that_dies_while_another_starts_ends_the_start() -> None:
    with pytest.raises(ProcessEnded, match="brittle"), Supervisor(Said()) as supervisor:
        supervisor.start(python("brittle", "raise SystemExit(1)"))
        supervisor.start(python("slow", FOREVER), lambda: False)


def test_supervisor_child_that_is_never_ready_ends_the_start() -> None:
    with pytest.raises(LaunchError, match=r"slow: expected to be ready"), Supervisor(Said()) as supervisor:
        supervisor.start(python("slow", FOREVER), lambda: False, seconds=0.3)


def test_supervisor_child_that_crashes_later_is_started_again_and_said_so(tmp_path: Path) -> None:
    mark = tmp_path / "crashed"
    program = f"import pathlib; p = pathlib.Path({str(mark)!r}); found = p.exists(); p.touch(); found or exit(7); "
    said = Said()

    class StopWhenUp(Said):
        def __call__(self, name: str, line: str) -> None:
            said(name, line)
            if (name, line) == ("child", "up"):
                supervisor.request_stop()

    with Supervisor(StopWhenUp()) as supervisor:
        supervisor.start(python("child", program + FOREVER))
        assert supervisor.supervise() == 0
    assert said.has("launch", "child ended with code 7; again in 1 s")
    assert said.has("child", "up")


def test_supervisor_child_with_a_wrong_configuration_stops_everything() -> None:
    said = Said()
    with Supervisor(said) as supervisor:
        other = supervisor.start(python("other", FOREVER))
        supervisor.start(python("ingest", f"raise SystemExit({os.EX_CONFIG})"))
        assert supervisor.supervise() == os.EX_CONFIG
    assert said.has("launch", "ingest cannot run as it is configured")
    assert not is_running(other.pid)


def test_supervisor_child_that_ignores_the_signal_is_killed_after_its_grace_time() -> None:
    said = Said()
    with Supervisor(said) as supervisor:
        child = supervisor.start(python("child", STUBBORN, grace_seconds=0.3), lambda: said.has("child", "up"))
    assert child.code == -signal.SIGKILL


def test_supervisor_signal_while_a_child_starts_ends_the_start() -> None:
    def signal_comes() -> bool:
        os.kill(os.getpid(), signal.SIGHUP)
        return False

    with pytest.raises(StopRequested), Supervisor(Said()) as supervisor:
        supervisor.start(python("child", FOREVER), signal_comes)


def test_supervisor_without_a_reader_stops() -> None:
    def closed_pipe(name: str, line: str) -> None:
        raise BrokenPipeError

    with Supervisor(closed_pipe) as supervisor:
        supervisor.start(python("child", FOREVER))
        assert supervisor.supervise() == 0


def test_supervisor_one_off_command_that_fails_is_an_error() -> None:
    with pytest.raises(ProcessEnded, match=r"(?s)migrate: .*code 1.*no table"), Supervisor(Said()) as supervisor:
        supervisor.run_once(python("migrate", "raise SystemExit('no table')"))


def test_process_stop_leaves_no_grandchild(warden: Warden) -> None:
    lines = Said()
    process = Process(python("parent", WITH_CHILD), warden, lines)
    process.wait_until(lambda: bool(lines) or process.code is not None)
    grandchild = int(lines[0][1])
    process.stop(grace_seconds=5)
    assert not is_running(grandchild)


def test_process_that_cannot_be_started_is_one_clear_line(warden: Warden) -> None:
    with pytest.raises(LaunchError, match=r"^valkey: cannot start /no/such/program: "):
        Process(Command("valkey", ["/no/such/program"], Path("/")), warden)


def test_run_directory_that_is_held_is_refused_by_name_of_the_holder(tmp_path: Path) -> None:
    held = RunDirectory(tmp_path / "run")
    with pytest.raises(LaunchError, match=rf"Already running .*process {os.getpid()}"):
        RunDirectory(tmp_path / "run")
    held.close()
    RunDirectory(tmp_path / "run").close()


def test_run_directory_secret_is_kept_and_for_us_alone(tmp_path: Path) -> None:
    held = RunDirectory(tmp_path / "run")
    secret = held.secret("admin_password")
    held.close()
    again = RunDirectory(tmp_path / "run")
    assert again.secret("admin_password") == secret != again.secret("secret_key")
    again.close()
    file = tmp_path / "run" / "admin_password.secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_run_directory_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LaunchError, match="expected a folder"):
        RunDirectory(tmp_path / "run")


def test_free_port_that_is_taken_gives_another() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port


def test_reservation_keeps_others_from_its_port_until_released() -> None:
    reservation = Reservation()
    with socket.socket() as other:
        with pytest.raises(OSError, match="in use"):
            other.bind((LOOPBACK, reservation.port))
        other.bind((LOOPBACK, reservation.release()))


@pytest.fixture
def data_parent() -> Iterator[Path]:
    path = temporary_directory(unprivileged_account())
    yield path
    shutil.rmtree(path)


def test_postgres_lock_file_that_names_a_stranger_does_not_stop_the_start(data_parent: Path, warden: Warden) -> None:
    server = Postgres(data_parent, free_port(), lasting=False)
    server.prepare()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")
    again = Postgres(data_parent, free_port(), lasting=False)
    again.prepare()
    process = Process(again.command(), warden)
    process.wait_until(again.is_ready)
    assert again.ensure_database("demo") == again.ensure_database("demo") == again.url("demo")
    process.stop()
    assert process.code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")
def test_postgres_programs_under_a_root_only_folder_run_from_a_copy_that_is_made_once(tmp_path: Path) -> None:
    account = unprivileged_account()
    shelf = temporary_directory(None)
    shelf.chmod(0o755)
    hidden = tmp_path / "site-packages"  # pytest's folders are for their owner alone
    for folder in (wheel(), wheel().with_name(f"{wheel().name}.libs")):
        ignored = shutil.ignore_patterns("pginstall", "include", "share", "*.a")
        shutil.copytree(folder, hidden / folder.name, symlinks=True, ignore=ignored)
    try:
        found = programs(hidden / wheel().name, account, shelf)
        assert shelf in found.parents
        assert can_run(found / "initdb", account)
        made_at = found.stat().st_ctime_ns
        assert programs(hidden / wheel().name, account, shelf).stat().st_ctime_ns == made_at
    finally:
        shutil.rmtree(shelf)


def test_warden_that_goes_removes_the_folders_it_was_told(tmp_path: Path) -> None:
    warden = Warden()
    folder = tmp_path / "a folder" / "below"
    folder.mkdir(parents=True)
    warden.remove(folder.parent)
    warden.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "simulated", "watch"),
    [
        ([], (), None),
        (["--speed", "10"], ("--speed=10",), None),
        (["--symbols", "all"], ("--symbols=all",), "all"),
        (["--symbols", "vn30"], ("--symbols=vn30",), "vn30"),
    ],
)
def test_demo_watches_the_market_that_it_simulates(
    tmp_path: Path, arguments: list[str], simulated: tuple[str, ...], watch: str | None
) -> None:
    demo, parser = Demo(), CommandParser()
    demo.add_arguments(parser)
    choices = demo.chosen(vars(parser.parse_args(arguments)))
    assert choices.simulate_arguments == simulated
    stack = Stack(Supervisor(Said()), RunDirectory(tmp_path / "run"), choices)
    for process in (stack.manage("ingest", "ingest"), stack.module("worker", "celery")):
        assert process.environment.get("WATCH") == watch
    outbox = Path(stack.environment["EMAIL_OUTBOX"])  # no link of a demo stands in its output
    assert (outbox.parent, stat.S_IMODE(outbox.stat().st_mode)) == (tmp_path / "run", 0o700)


def test_supervisor_command_that_fails_is_named_with_all_its_last_lines() -> None:
    class Slow(Said):
        def __call__(self, name: str, line: str) -> None:
            threading.Event().wait(0.3)  # a terminal that takes its time

    with pytest.raises(ProcessEnded, match="the reason"), Supervisor(Slow()) as supervisor:
        supervisor.run_once(python("migrate", "print('begins'); print('the reason'); raise SystemExit(1)"))


def test_supervisor_server_that_is_up_is_not_started_again_when_another_child_dies(tmp_path: Path) -> None:
    mark = tmp_path / "up"
    tried: list[int] = []

    def command(port: int) -> Command:
        tried.append(port)
        return python(
            "server", f"import socket, time; s = socket.create_server(('{LOOPBACK}', {port})); time.sleep(60)"
        )

    def answers(port: int) -> bool:
        if accepts(port):
            mark.touch()  # it listens, and does not answer yet
        return False

    brittle = f"import pathlib, time; p = pathlib.Path({str(mark)!r})\nwhile not p.exists(): time.sleep(0.01)\nexit(4)"
    with pytest.raises(ProcessEnded, match="brittle"), Supervisor(Said()) as supervisor:
        supervisor.start(python("brittle", brittle))
        supervisor.start_on_port(0, command, answers)
    assert len(tried) == 1
