"""What `make demo` and `make live` run: services, database, admin, feed, ingest, Celery and the web server."""

import http.client
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tracker.launch.places import owned_directory
from tracker.launch.ports import LOOPBACK, accepts, free_port
from tracker.launch.process import Command
from tracker.launch.run_directory import RunDirectory
from tracker.launch.services import start_services
from tracker.launch.supervisor import Supervisor

SIMULATOR_PORT = 18000
OPENING = "09:14"  # a minute before the opening match: auction, burst and continuous trading soon follow
ADMIN = "admin"
AS_ROOT = "ignore:You're running the worker with superuser privileges"  # a demo in a container often is root
APPLICATION = "tracker.asgi:application"
MEASURED = ("ingest", "worker", "beat", "web", "courier")  # on METRICS_PORT and the ports after it
# Daphne holds what it sends against the limit of what it receives: a snapshot of the whole market has 1.6 MB.
SOCKET_LIMITS = ["--websocket-max-message-size", "4194304", "--websocket-max-frame-size", "65536"]


@dataclass(frozen=True)
class Choices:
    """What the settings and the command line say about a start. Empty address: start our own server."""

    simulated: bool
    root: Path
    run_directory: Path
    database_url: str
    redis_url: str
    secret_key: str
    admin_path: str
    port: int
    anonymous_read: bool
    sign_up: bool
    simulate_arguments: tuple[str, ...] = ()
    watch: str = ""  # empty: what the settings say
    metrics_port: int = 0


class Stack:
    """The processes in the order they start."""

    def __init__(self, supervisor: Supervisor, run_directory: RunDirectory, choices: Choices) -> None:
        self.supervisor = supervisor
        self.run_directory = run_directory
        self.choices = choices
        self.environment = {
            "PYTHONUNBUFFERED": "1",
            "DEBUG": "false",
            "ANONYMOUS_READ": str(choices.anonymous_read).lower(),
            "ACCOUNTS_SIGN_UP": str(choices.sign_up).lower(),
            "SECRET_KEY": choices.secret_key or run_directory.secret("secret_key"),
        }
        if choices.simulated:  # a .env made for production has no say in how a demo is reached
            self.environment |= {"HTTPS_ONLY": "false", "ALLOWED_HOSTS": "", "BEHIND_PROXY": "false"}
            self.environment["EMAIL_OUTBOX"] = str(owned_directory(run_directory.path / "outbox", None))
        if choices.watch:
            self.environment["WATCH"] = choices.watch

    def start(self) -> str:
        """Start everything and return the block that tells a person where it is.

        Raises LaunchError when a part does not start.
        """
        self.supervisor.say("launch", "Starting; the address follows in a moment.")
        wait_for_feed = self.start_simulator() if self.choices.simulated else lambda: None
        self.start_services()
        self.supervisor.run_once(self.manage("migrate", "migrate", "--noinput", "--verbosity", "0"))
        self.supervisor.run_once(self.manage("calendar", "seed_calendar", "--verbosity", "0"))
        self.ensure_admin()
        wait_for_feed()
        self.supervisor.start(self.manage("ingest", "ingest"))
        self.start_celery()
        return self.describe(self.start_web())

    def start_services(self) -> None:
        choices = self.choices
        services = start_services(
            self.supervisor,
            choices.run_directory,
            "demo" if choices.simulated else "live",  # a simulated day has no place among real ones
            choices.database_url,
            choices.redis_url,
        )
        self.environment |= {"DATABASE_URL": services.database_url, "REDIS_URL": services.redis_url}

    def ensure_admin(self) -> None:
        # A demo's password is reset to the printed one, a live one's stays as its owner changed it.
        arguments = ["ensureadmin", ADMIN, *(["--reset"] if self.choices.simulated else [])]
        password = self.run_directory.secret("admin_password")
        self.supervisor.run_once(self.manage("admin", *arguments, given=f"{password}\n"))

    def start_simulator(self) -> Callable[[], None]:
        """Start it, so that it comes up while the database is made ready, and return what waits for it."""
        port = free_port(SIMULATOR_PORT)
        arguments = ["simulate", "--loop", "--port", str(port), "--start", OPENING]
        command = self.manage("simulator", *arguments, *self.choices.simulate_arguments)
        simulator = self.supervisor.start(replace(command, serves=True))
        address = f"http://{LOOPBACK}:{port}/"
        self.environment |= {
            "SSI_DATA_URL": address,
            "SSI_STREAM_URL": address,
            "SSI_CONSUMER_ID": "demo",
            "SSI_CONSUMER_SECRET": "demo",
            "REST_CALLS_PER_SECOND": "50",  # half of what the simulator admits: history is there at once
        }
        return lambda: self.supervisor.wait_until(simulator, lambda: accepts(port))

    def start_celery(self) -> None:
        celery = ["celery", "--quiet", "--app", "tracker"]
        alone = ["--without-gossip", "--without-mingle", "--concurrency", "2"]
        self.supervisor.start(self.module("worker", *celery, "worker", *alone, PYTHONWARNINGS=AS_ROOT))
        # Alerts wait for no history: one process that does nothing but deliver them.
        apart = ["--without-gossip", "--without-mingle", "--pool", "solo", "--hostname", "courier@%h"]
        self.supervisor.start(
            self.module("courier", *celery, "worker", *apart, "--queues", "delivery", PYTHONWARNINGS=AS_ROOT)
        )
        self.supervisor.start(self.module("beat", *celery, "beat"))

    def start_web(self) -> int:
        def command(port: int) -> Command:
            listen = ["--bind", LOOPBACK, "--port", str(port)]
            arguments = ["daphne", "--verbosity", "0", *listen, *SOCKET_LIMITS, APPLICATION]
            return self.module("web", *arguments, DATABASE_POOL_SIZE="8")

        return self.supervisor.start_on_port(self.choices.port, command, answers)

    def describe(self, port: int) -> str:
        address = f"http://{LOOPBACK}:{port}/"
        simulated = self.choices.simulated
        title = "a SIMULATED market, not real prices" if simulated else "live from SSI FastConnect"
        password = self.run_directory.secret("admin_password")
        changed = "" if simulated else " (unless you changed it)"
        return "\n".join(
            [
                "",
                f"  VN Stock Tracker: {title}",
                f"  Board   {address}",
                f"  Admin   {address}{self.choices.admin_path}/",
                f"  Log in  {ADMIN} / {password}{changed}",
                "  Stop    Ctrl-C",
                "",
            ]
        )

    def manage(self, name: str, *arguments: str, given: str = "") -> Command:
        return self.python(name, "manage.py", *arguments, given=given)

    def module(self, name: str, *arguments: str, **environment: str) -> Command:
        return self.python(name, "-m", *arguments, environment=environment)

    def python(
        self, name: str, *arguments: str, environment: Mapping[str, str] | None = None, given: str = ""
    ) -> Command:
        return Command(
            name,
            [sys.executable, *arguments],
            self.choices.root,
            environment=self.environment | {"METRICS_PORT": self.metrics_port(name)} | dict(environment or {}),
            given=given,
        )

    def metrics_port(self, name: str) -> str:
        first = self.choices.metrics_port
        return str(first + MEASURED.index(name) if first and name in MEASURED else 0)


def answers(port: int) -> bool:
    """Tell whether a web server answers on the port, whatever it says."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
    try:
        connection.request("GET", "/health")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
