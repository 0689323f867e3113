from pathlib import Path

import pytest

from scripts.large_files import MOST_KB, main


def test_large_file_is_named_and_others_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small, large, lock = (tmp_path / name for name in ("small.py", "large.bin", "package-lock.json"))
    small.write_bytes(b"x" * MOST_KB * 1024)
    for path in (large, lock):
        path.write_bytes(b"x" * (MOST_KB * 1024 + 1))
    assert main([str(small), str(lock)]) == 0
    assert main([str(small), str(large)]) == 1
    assert capsys.readouterr().err == f"{large}: expected at most {MOST_KB} kB, is {MOST_KB} kB\n"
