"""What can go wrong while processes are started.

LaunchError            one clear line for a person; nothing was left running
└── ProcessEnded       a child that should run has ended: its name, exit code and last lines
"""


class LaunchError(Exception):
    """A start that cannot go on; the text says what was expected, what was found and what helps."""


class ProcessEnded(LaunchError):
    """A child ended while it was being started."""

    def __init__(self, name: str, code: int, last_lines: list[str]) -> None:
        tail = "".join(f"\n  {line}" for line in last_lines)
        super().__init__(f"{name}: expected to run, ended with code {code}. Its last lines:{tail or ' none'}")
        self.name = name
        self.code = code
