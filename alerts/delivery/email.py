"""E-mail through the installation's mail server. Repeats of a message carry the same Message-ID."""

import asyncio
import smtplib
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from alerts.delivery.items import Message, render, site_address
from alerts.delivery.outcome import SENT, Outcome, Result
from alerts.delivery.reasons import Reason

SUBJECT_LENGTH: Final = 150


async def send(message: Message) -> Outcome:
    """Hand one message to the mail server, in a thread: the library blocks, up to EMAIL_TIMEOUT a step."""
    return await asyncio.to_thread(hand_over, message)


def hand_over(message: Message) -> Outcome:
    """Send, and judge what the mail server said."""
    if not settings.EMAIL_HOST:
        return Outcome(Result.RETRY, Reason.NO_MAIL_SERVER())
    try:
        letter(message).send()
    except smtplib.SMTPRecipientsRefused as error:
        return of_code(max((code for code, _ in error.recipients.values()), default=0))
    except smtplib.SMTPDataError as error:
        return of_code(error.smtp_code)
    except (smtplib.SMTPException, OSError) as error:  # the installation's own trouble: a reader cannot mend it
        return Outcome(Result.RETRY, Reason.MAIL_SERVER(type(error).__name__))
    return SENT


def of_code(code: int) -> Outcome:
    """Judge an SMTP reply: 5xx is final."""
    return Outcome(Result.REFUSED if 500 <= code < 600 else Result.RETRY, Reason.SMTP(code))


def letter(message: Message) -> EmailMessage:
    """The e-mail of a message."""
    words = render(message)
    settings_page = site_address(reverse("delivery:settings"))
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
    return EmailMessage(
        subject=words.headline[:SUBJECT_LENGTH],
        body=f"{words.text}\n\n-- \n{settings_page}\n",
        to=[message.target["address"]],
        headers={
            "Message-ID": f"<{message.id}@{domain}>",
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{settings_page}>",
        },
    )
