"""Why something was not delivered: a code that is stored, and words in the reader's language when it is shown.

Stored is the code and, behind a space, what another program said: `http 503`, `telegram 403: Forbidden`. What older
versions stored begins with no code and is shown as it is.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Reason(StrEnum):
    """Codes; they are stored, so they stay."""

    HTTP = "http"
    REDIRECT = "http_redirect"
    SMTP = "smtp"
    TELEGRAM = "telegram"
    TELEGRAM_TOKEN = "telegram_token"
    NO_TELEGRAM = "no_telegram"
    NO_MAIL_SERVER = "no_mail_server"
    MAIL_SERVER = "mail_server"
    ADDRESS = "address_refused"
    NOT_RESOLVED = "not_resolved"
    CANNOT_CONNECT = "cannot_connect"
    NO_ADDRESS_ANSWERS = "no_address_answers"
    NO_ANSWER = "no_answer"
    BROKEN = "connection_broken"
    SUBSCRIPTION = "subscription_unusable"
    UNREADABLE = "target_unreadable"
    UNEXPECTED = "unexpected"

    def __call__(self, detail: object = "") -> str:
        """The code with what is known besides, as it is stored."""
        return f"{self.value} {detail}".strip()


WORDS: Final[Mapping[str, Promise]] = {
    Reason.HTTP: _("the other side answered HTTP %(detail)s"),
    Reason.REDIRECT: _("the other side answered HTTP %(detail)s: redirects are not followed"),
    Reason.SMTP: _("the mail server answered SMTP %(detail)s"),
    Reason.TELEGRAM: _("Telegram answered %(detail)s"),
    Reason.TELEGRAM_TOKEN: _("Telegram refuses this site's bot; whoever runs the site has to mend it"),
    Reason.NO_TELEGRAM: _("this site has no Telegram bot"),
    Reason.NO_MAIL_SERVER: _("this site has no mail server"),
    Reason.MAIL_SERVER: _("the mail server did not take the letter (%(detail)s)"),
    Reason.ADDRESS: _("the address is none that may be sent to"),
    Reason.NOT_RESOLVED: _("the name of the host has no address"),
    Reason.CANNOT_CONNECT: _("the other side cannot be reached"),
    Reason.NO_ADDRESS_ANSWERS: _("no address of the host answers"),
    Reason.NO_ANSWER: _("no answer in time"),
    Reason.BROKEN: _("the connection broke"),
    Reason.SUBSCRIPTION: _("the browser's subscription cannot be used"),
    Reason.UNREADABLE: _("the stored address cannot be read"),
    Reason.UNEXPECTED: _("an error of this site (%(detail)s)"),
}


def words_of(stored: str) -> str:
    """What a stored reason says, in the language of the moment."""
    code, _space, detail = stored.partition(" ")
    words = WORDS.get(code)
    return str(words) % {"detail": detail} if words is not None else stored
