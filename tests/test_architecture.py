"""The rules of the project's layout that a reader cannot see in one file."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import pytest

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = ("market", "alerts", "tracker")
DOMAINS: Final = {
    "market/domain": ("msgspec", "market.domain"),
    "alerts/domain": ("msgspec", "market.domain", "alerts.domain"),
}
# Of the standard library, what would bring a clock, chance, files, threads or the network into the domain.
NOT_PURE: Final = frozenset(
    {
        *("asyncio", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets", "shutil", "socket"),
        *("sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid"),
    }
)
CLOCKS: Final = frozenset({"now", "today", "utcnow", "localtime", "monotonic", "perf_counter", "time", "time_ns"})
ELSEWHERE: Final = re.compile(
    r"""\b(?:src|srcset|action|formaction|poster|hx-\w+|ws-connect)\s*=\s*["']?(?:https?:|wss?:)?//
      | <(?:link|base|use|image)\b[^>]*\bhref\s*=\s*["']?(?:https?:)?//
      | \burl\(\s*["']?(?:https?:)?//
      | @import\s+["']?(?:https?:)?//""",
    re.VERBOSE | re.IGNORECASE,
)
ADDRESS: Final = re.compile(r"""["'`](?:https?|wss?):?//[\w$]""")

Faults: TypeAlias = Iterator[str]
Rule: TypeAlias = Callable[[str, ast.Module], Faults]


def python_files(*folders: str) -> list[str]:
    """Paths of Python files below folders of the project."""
    return sorted(path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every module that code imports, in full, and the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((each.name, node.lineno) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((f"{module}.{each.name}", node.lineno) for each in node.names)


def is_within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def impure_imports(path: str, tree: ast.Module) -> Faults:
    """The domain is plain Python and msgspec."""
    allowed = next((names for folder, names in DOMAINS.items() if path.startswith(f"{folder}/")), None)
    for module, line in imported(tree) if allowed is not None else ():
        top = module.partition(".")[0]
        pure = top in sys.stdlib_module_names and top not in NOT_PURE
        if not pure and not is_within(module, allowed or ()):
            yield f"{path}:{line} imports {module}"


def clock_readings(path: str, tree: ast.Module) -> Faults:
    """The domain knows no time but that of the messages."""
    if not path.startswith(tuple(DOMAINS)):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            yield f"{path}:{node.lineno} reads a clock: {ast.unparse(node)}"


def alerts_in_market(path: str, tree: ast.Module) -> Faults:
    """Only the commands that put the process together know both."""
    if path.startswith("market/") and not path.startswith("market/management/commands/"):
        yield from (f"{path}:{line} imports {name}" for name, line in imported(tree) if is_within(name, ("alerts",)))


def other_doors(path: str, tree: ast.Module) -> Faults:
    """Everything that goes to clients leaves by one door."""
    if path == "market/broadcast.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "group_send":
            yield f"{path}:{node.lineno} calls group_send"


def environment_readings(path: str, tree: ast.Module) -> Faults:
    """Settings are the only reader of the environment; a child process may get it whole."""
    if path == "tracker/environment.py":
        return
    handed_on = {
        id(node.left) for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
    } | {
        id(node.func.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "setdefault"
        and [ast.unparse(each) for each in node.args[:1]] == ["'DJANGO_SETTINGS_MODULE'"]
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and id(node) not in handed_on:
            yield f"{path}:{node.lineno} reads the environment"
    readers = (
        "os.environ",
        "os.getenv",
        "environ",
        *(() if path == "tracker/settings.py" else ("tracker.environment",)),
    )
    yield from (f"{path}:{line} imports {module}" for module, line in imported(tree) if is_within(module, readers))


def hidden_imports(path: str, tree: ast.Module) -> Faults:
    """What a module needs stands at its head; only AppConfig.ready must wait for the apps."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name == "ready" and path.endswith("apps.py"):
            continue
        yield from (f"{path}:{line} imports {module} in {node.name}" for module, line in imported(node))


def app_code_in_migrations(path: str, tree: ast.Module) -> Faults:
    """A migration works on the models of its time."""
    if "/migrations/" in path:
        names = [(name, line) for name, line in imported(tree) if is_within(name, PACKAGES)]
        yield from (f"{path}:{line} imports {name}" for name, line in names)


def skipped_arrows(path: str, tree: ast.Module) -> Faults:
    """The feed and the storage know the domain and themselves, nothing that is built upon them."""
    layers = {
        "market/feed/": ("market.domain", "market.feed"),
        "market/pipeline.py": ("market.domain", "market.feed"),
    }
    allowed = next((names for folder, names in layers.items() if path.startswith(folder)), None)
    for module, line in imported(tree) if allowed is not None else ():
        if is_within(module, PACKAGES) and not is_within(module, allowed or ()):
            yield f"{path}:{line} imports {module}"


RULES: Final[tuple[Rule, ...]] = (
    impure_imports,
    clock_readings,
    alerts_in_market,
    other_doors,
    environment_readings,
    hidden_imports,
    app_code_in_migrations,
    skipped_arrows,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_code_keeps_the_rule(rule: Rule) -> None:
    files = ["manage.py", *python_files(*PACKAGES)]
    assert len(files) > 50
    assert [fault for path in files for fault in rule(path, ast.parse((ROOT / path).read_text(), path))] == []


@pytest.mark.parametrize(
    ("rule", "path", "code"),
    [
        (impure_imports, "market/domain/state.py", "import django"),
        (impure_imports, "market/domain/state.py", "from django.conf import settings"),
        (impure_imports, "market/domain/state.py", "from market.feed.parse import Parser"),
        (impure_imports, "market/domain/state.py", "from alerts.domain.model import Alert"),
        (impure_imports, "market/domain/state.py", "import time"),
        (impure_imports, "market/domain/state.py", "import logging"),
        (impure_imports, "market/domain/deep/state.py", "from . import feed"),
        (impure_imports, "alerts/domain/rules.py", "from alerts.models import Rule"),
        (clock_readings, "market/domain/state.py", "at = datetime.now(tz=UTC)"),
        (clock_readings, "alerts/domain/rules.py", "day = date.today()"),
        (alerts_in_market, "market/pages/views.py", "from alerts.models import Alert"),
        (alerts_in_market, "market/pages/views.py", "import alerts"),
        (other_doors, "alerts/engine.py", "await layer.group_send('live.alerts', {})"),
        (environment_readings, "market/pages/views.py", "import os\nkey = os.environ['KEY']"),
        (environment_readings, "market/pages/views.py", "import os\nkey = os.getenv('KEY')"),
        (environment_readings, "market/pages/views.py", "from os import environ"),
        (environment_readings, "market/pages/views.py", "import environ"),
        (environment_readings, "market/pages/views.py", "from tracker import environment"),
        (environment_readings, "manage.py", "import os\nos.environ.setdefault('KEY', '1')"),
        (hidden_imports, "market/pages/views.py", "def view():\n    import json"),
        (hidden_imports, "market/pages/views.py", "async def ready():\n    from json import loads"),
        (app_code_in_migrations, "market/migrations/0001_first.py", "from market.models import Trade"),
        (skipped_arrows, "market/feed/parse.py", "from market.models import Trade"),
        (skipped_arrows, "market/pipeline.py", "from market.broadcast import Broadcaster"),
    ],
)
def test_rule_finds_its_fault(rule: Rule, path: str, code: str) -> None:
    assert len(list(rule(path, ast.parse(code)))) == 1


@pytest.mark.parametrize(
    ("rule", "path", "code"),
    [
        (impure_imports, "market/domain/state.py", "import msgspec\nfrom collections import deque"),
        (impure_imports, "alerts/domain/rules.py", "from market.domain.changes import Trade"),
        (impure_imports, "market/pages/views.py", "import django"),
        (clock_readings, "market/domain/state.py", "now = state.now"),
        (alerts_in_market, "market/management/commands/ingest.py", "from alerts.engine import AlertEngine"),
        (other_doors, "market/broadcast.py", "await layer.group_send('live.market', {})"),
        (environment_readings, "tracker/launch/process.py", "env = os.environ | own"),
        (environment_readings, "manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'tracker.settings')"),
        (hidden_imports, "market/apps.py", "class App:\n    def ready(self):\n        from market import checks"),
    ],
)
def test_rule_allows_what_is_right(rule: Rule, path: str, code: str) -> None:
    assert list(rule(path, ast.parse(code))) == []


def room(module: str) -> str:
    """The folder below an app's top that a module belongs to; the module itself where it lies at the top."""
    return ".".join(module.split(".")[:2])


def both_ways(sources: dict[str, ast.Module]) -> list[tuple[str, str]]:
    """Pairs of rooms that import each other."""
    arrows = {
        (room(path.removesuffix(".py").replace("/", ".")), room(module))
        for path, tree in sources.items()
        for module, _ in imported(tree)
        if is_within(module, PACKAGES)
    }
    return sorted((one, other) for one, other in arrows if one < other and (other, one) in arrows)


def test_rooms_do_not_import_each_other_both_ways() -> None:
    paths = [path for path in python_files(*PACKAGES) if "/migrations/" not in path]
    assert both_ways({path: ast.parse((ROOT / path).read_text(), path) for path in paths}) == []


def test_rooms_that_import_each_other_are_found() -> None:
    sources = {
        "market/pages/views.py": ast.parse("from market.watchlists.lists import OwnList"),
        "market/watchlists/views.py": ast.parse("import market.pages.tabs"),
        "market/live.py": ast.parse("from market.pages import rows"),
    }
    assert both_ways(sources) == [("market.pages", "market.watchlists")]


def pages() -> list[Path]:
    """What browsers get from us: templates, styles, scripts and pictures."""
    kinds = {".html", ".txt", ".css", ".js", ".svg", ".json", ".webmanifest"}
    return [path for folder in ("templates", "static") for path in (ROOT / folder).rglob("*") if path.suffix in kinds]


def loads(text: str, suffix: str) -> list[str]:
    """Every place where a page or script loads from another host; links that a reader may follow are none."""
    found = [match.group() for match in ELSEWHERE.finditer(text)]
    if suffix == ".js":
        found += [match.group() for match in ADDRESS.finditer(text) if "//www.w3.org" not in text[match.start() :][:20]]
    return found


def test_pages_load_nothing_from_other_hosts() -> None:
    assert pages()
    assert {path.name: found for path in pages() if (found := loads(path.read_text(), path.suffix))} == {}


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ('<script src="https://cdn.example.com/htmx.js"></script>', ".html"),
        ("<img src=//cdn.example.com/x.png>", ".html"),
        ('<link rel="stylesheet" href="https://fonts.example.com/css">', ".html"),
        ('<form action="https://example.com/">', ".html"),
        ("body { background: url('https://example.com/x.png') }", ".css"),
        ('@import "//example.com/x.css";', ".css"),
        ('fetch("https://example.com/data")', ".js"),
        ("new WebSocket(`wss://${host}/ws/`)", ".js"),
    ],
)
def test_load_from_another_host_is_found(text: str, suffix: str) -> None:
    assert loads(text, suffix)


def test_link_to_another_host_is_no_load() -> None:
    assert loads('<a href="https://www.tradingview.com/" rel="noopener">TradingView</a>', ".html") == []
