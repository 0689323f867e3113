"""README and docs/ tell the truth: about links, pictures, targets of make, and commands with their options."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.core.management import get_commands, load_command_class

ROOT: Final = Path(__file__).parent.parent
PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
MOST_PICTURE_BYTES: Final = 200_000
MOST_GUIDE_BYTES: Final = 2_000_000

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def links(page: Path) -> Iterator[str]:
    """Targets in this repository."""
    return (target for target in LINK.findall(prose(page)) if not re.match(r"[a-z]+:", target))


def anchors(page: Path) -> set[str]:
    """What a heading is called in an address."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def code(page: Path) -> Iterator[str]:
    """Lines of code without their comments: indented, fenced, or in a sentence."""
    text = page.read_text()
    blocks = [*re.findall(r"^(?: {4}|\t)(.+)$", text, re.MULTILINE), *"\n".join(FENCE.findall(text)).splitlines()]
    for line in [*blocks, *re.findall(r"`([^`\n]+)`", FENCE.sub("", text))]:
        yield line.split(" #", 1)[0].strip()


def words_after(command: str, page: Path) -> Iterator[list[str]]:
    for line in code(page):
        for part in re.split(r"&&|\||;", line):
            if found := re.search(rf"(?:^|[\s/]){re.escape(command)} (.+)", part):
                yield found.group(1).split()


@each_page
def test_page_links_to_what_exists(page: Path) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), f"{target}: no such file"
        assert not anchor or anchor in anchors(goal), f"{target}: no such heading"


@each_page
def test_page_names_targets_of_make_that_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for words in words_after("make", page):
        before_variables = " ".join(words).partition("=")[0].split()
        named = {word for word in before_variables if re.fullmatch(r"[a-z0-9]+", word)}
        assert named <= targets, f"make {' '.join(words)}: expected {sorted(targets)}"


@each_page
def test_page_names_commands_and_options_that_exist(page: Path) -> None:
    known = get_commands()
    for name, *rest in words_after("manage.py", page):
        assert name in known, f"manage.py {name}: no such command"
        app = known[name]
        command = load_command_class(app, name) if isinstance(app, str) else app
        options = command.create_parser("manage.py", name)._option_string_actions
        used = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert used <= set(options), f"manage.py {name}: expected {sorted(options)}, was {sorted(used)}"


@each_page
def test_page_names_tests_that_exist(page: Path) -> None:
    for words in words_after("pytest", page):
        for word in words:
            assert not word.startswith("tests/") or (ROOT / word.partition("::")[0]).exists(), word


def test_every_page_is_linked_from_the_readme() -> None:
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in links(ROOT / "README.md")}
    assert set(PAGES[1:]) <= linked


def test_pictures_are_used_and_small() -> None:
    used = {(page.parent / target).resolve() for page in PAGES for target in links(page)}
    pictures = [path for path in (ROOT / "docs").rglob("*") if path.suffix in (".png", ".svg")]
    assert set(pictures) <= used
    assert all(path.stat().st_size < MOST_PICTURE_BYTES for path in pictures)
    assert sum(path.stat().st_size for path in pictures) < MOST_GUIDE_BYTES
