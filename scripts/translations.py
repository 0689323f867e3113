"""Compile locale/*/LC_MESSAGES/django.po with Babel, so that nobody needs gettext.

Not through Babel's command: it takes the "% i" of a sentence for a printf placeholder and prints errors.
Placeholders are held to the originals by tests/test_translations.py.
"""

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Compile every catalogue; the exit code."""
    for source in sorted(ROOT.glob("locale/*/LC_MESSAGES/django.po")):
        try:
            with source.open("rb") as file:
                catalog = read_po(file, locale=source.parent.parent.name, abort_invalid=True)
        except PoFileError as error:
            print(f"{source.relative_to(ROOT)}: {error}", file=sys.stderr)
            return 1
        compiled = source.with_suffix(".mo.new")
        with compiled.open("wb") as file:
            write_mo(file, catalog)
        compiled.replace(source.with_suffix(".mo"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
