import re
from pathlib import Path

README = Path(__file__).with_name("README.md")
TESTS = README.parents[1]


def test_every_test_that_the_tables_name_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", README.read_text()))
    there = set(re.findall(r"def (test_\w+)\(", "".join(path.read_text() for path in TESTS.rglob("test_*.py"))))
    assert len(named) > 50
    assert named - there == set()
