"""What the tables of kinds say can be said in Vietnamese: their words are keys of the catalogue that no scan finds."""

import re

import pytest
from babel.messages.pofile import read_po
from django.conf import settings

from alerts.domain.kinds import KINDS

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
