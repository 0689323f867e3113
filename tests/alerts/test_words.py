"""What the tables of kinds say can be said in Vietnamese: their words are keys of the catalogue that no scan finds."""

import re

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation

from alerts.domain.kinds import KINDS
from alerts.words import param_number

PLACES = re.compile(r"\{\w+[^}]*\}")


@pytest.fixture(scope="module")
def translations() -> dict[str, str]:
    with (settings.BASE_DIR / "locale/vi/LC_MESSAGES/django.po").open("rb") as file:
        return {
            message.id: message.string
            for message in read_po(file, locale="vi")
            if isinstance(message.id, str) and isinstance(message.string, str) and not message.fuzzy
        }


@pytest.mark.parametrize("kind", KINDS)
def test_words_of_a_kind_have_a_vietnamese_translation(kind: str, translations: dict[str, str]) -> None:
    info = KINDS[kind]
    words = {info.label, info.help, info.title, *info.evidence.values()}
    for param in info.params:
        words |= {param.label, param.help, param.unit or param.label}
    assert {word for word in words if not translations.get(word)} == set()


@pytest.mark.parametrize("kind", KINDS)
def test_translated_title_keeps_the_numbers(kind: str, translations: dict[str, str]) -> None:
    title = KINDS[kind].title
    assert sorted(PLACES.findall(translations[title])) == sorted(PLACES.findall(title))


@pytest.mark.parametrize(
    ("value", "language", "text"),
    [
        (10_000, "vi", "10.000"),
        (10_000, "en", "10,000"),
        (0.05, "vi", "0,05"),
        (1.5, "en", "1.5"),
        ("both", "vi", "both"),
    ],
)
def test_number_of_a_param_is_written_as_its_language_does(value: float | str, language: str, text: str) -> None:
    with translation.override(language):
        assert param_number(value) == text
