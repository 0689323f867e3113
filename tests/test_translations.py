"""Every word that a page can show has a Vietnamese translation."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation import templatize

ROOT = Path(settings.BASE_DIR)
CODE = [*ROOT.glob("market/**/*.py"), *ROOT.glob("alerts/**/*.py"), *ROOT.glob("tracker/**/*.py")]
TEMPLATES = sorted(ROOT.glob("templates/**/*.html"))
KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "ngettext": (1, 2),
    "ngettext_lazy": (1, 2), "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
}  # fmt: skip


@pytest.fixture(scope="module")
def translations() -> dict[str, str]:
    with (ROOT / "locale/vi/LC_MESSAGES/django.po").open("rb") as file:
        catalog = read_po(file, locale="vi")
    words = {}
    for message in catalog:
        ids, strings = message.id, message.string
        if isinstance(ids, tuple):
            ids, strings = ids[0], strings[0]
        words[ids] = "" if message.fuzzy else strings
    return words


def words_of(path: Path) -> set[str]:
    """The message ids of one file; templates are turned into code first, as makemessages does."""
    text = path.read_text()
    if path.suffix == ".html":
        text = templatize(text)
    found = extract("python", BytesIO(text.encode()), keywords=KEYWORDS)
    return {message if isinstance(message, str) else message[0] for _, message, _, _ in found}


def test_extraction_finds_words_in_code_and_templates() -> None:
    assert "Price board" in words_of(ROOT / "templates/base.html")
    assert "Lunch break" in words_of(ROOT / "market/pages/rows.py")


def test_every_word_has_a_vietnamese_translation(translations: dict[str, str]) -> None:
    words = {word: path for path in (*CODE, *TEMPLATES) for word in words_of(path) if word}
    missing = {word: str(path.relative_to(ROOT)) for word, path in words.items() if not translations.get(word)}
    assert missing == {}


def test_translations_keep_the_placeholders(translations: dict[str, str]) -> None:
    def places(text: str) -> list[str]:
        return sorted(re.findall(r"%\(\w+\)[sd]|\{[^}]*\}", text))

    wrong = [word for word, translation in translations.items() if word and places(word) != places(translation)]
    assert wrong == []
