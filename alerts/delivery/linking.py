"""How a user proves that a chat or an e-mail address is theirs: by a code that only its owner can bring back.

Telegram's code travels as "/start CODE" to the bot, whose messages are polled with getUpdates while somebody links. The
code of an e-mail address is typed into the settings page.
"""

import asyncio
import hmac
import logging
import re
import secrets
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, override

from alerts.delivery import telegram
from alerts.delivery.post import Poster, PostFailed
from alerts.delivery.sealing import SealBroken, seal, unseal
from alerts.models import DeliveryChannel, DeliveryState
from alerts.models.delivery import ChannelKind

VALID: Final = timedelta(minutes=15)
MOST_TRIES: Final = 5
UPDATES: Final = "telegram updates"
POLL_SECONDS: Final = 5.0
START: Final = re.compile(r"/start(?:@\w+)?\s+([\w-]{6,40})")
DIGITS: Final = 6

logger = logging.getLogger(__name__)


def begin_telegram(channel: DeliveryChannel) -> bool:
    """Make a code for a chat and ask the bot's name; False if Telegram does not answer."""
    try:
        bot = asyncio.run(ask("getMe", {}))
    except (telegram.TelegramFailed, PostFailed) as error:
        logger.warning("Telegram: the bot's name cannot be read: %s", error)
        return False
    pend(channel, {"code": secrets.token_urlsafe(12), "bot": str(bot.get("username", ""))})
    return True


async def ask(method: str, sent: dict[str, Any]) -> Any:
    """Call one method of the Bot API. Raises TelegramFailed, PostFailed."""
    async with Poster(settings.DELIVERY_TO_LOOPBACK) as poster:
        return await telegram.call(method, sent, poster, POLL_SECONDS)


def begin_email(channel: DeliveryChannel, address: str) -> None:
    """Send a code to an address. Raises OSError, smtplib.SMTPException."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    with override(channel.language):
        EmailMessage(
            subject=gettext("%(code)s is your code for VN Stock Tracker") % {"code": code},
            body=gettext(
                "Enter the code %(code)s on the page “Delivery of alerts” within 15 minutes. "
                "If you did not ask for it, somebody mistyped an address: do nothing."
            )
            % {"code": code},
            to=[address],
            headers={"Auto-Submitted": "auto-generated"},
        ).send()
    pend(channel, {"code": code, "address": address, "tries": 0})


def pend(channel: DeliveryChannel, value: dict[str, Any]) -> None:
    """Keep what waits for its code."""
    channel.pending, channel.pending_until = seal(value), timezone.now() + VALID
    channel.save(update_fields=["pending", "pending_until"])


def pending(channel: DeliveryChannel) -> dict[str, Any]:
    """What waits for its code; empty when nothing does, or no longer."""
    if channel.pending_until is None or channel.pending_until <= timezone.now():
        return {}
    try:
        return unseal(channel.pending)
    except SealBroken:
        return {}


@transaction.atomic
def confirm_email(channel: DeliveryChannel, code: str) -> bool:
    """Take up the address if the code is right. After some wrong ones, also of several tabs, the code is void."""
    channel.refresh_from_db(from_queryset=DeliveryChannel.objects.select_for_update())
    waiting = pending(channel)
    if not waiting:
        return False
    if not hmac.compare_digest(str(waiting["code"]).encode(), code.strip().encode()):
        waiting["tries"] += 1
        channel.pending = seal(waiting) if waiting["tries"] < MOST_TRIES else ""
        channel.save(update_fields=["pending"])
        return False
    connect(channel, {"address": waiting["address"]}, masked_address(waiting["address"]))
    return True


def connect(channel: DeliveryChannel, target: dict[str, Any], hint: str) -> None:
    """Give a channel its target, and switch it on."""
    channel.target, channel.hint = seal(target), hint[:120]
    channel.pending, channel.pending_until = "", None
    channel.enabled, channel.disabled_reason, channel.refusals = True, "", 0
    channel.paused_until, channel.last_error, channel.last_error_at = None, "", None
    channel.save()


def masked_address(address: str) -> str:
    """Enough of an address to know it again: h…@example.org."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"


def link_telegram() -> None:
    """Read what people wrote to the bot, and link the chats whose code it is. Nothing is asked while nobody links."""
    waiting = DeliveryChannel.objects.filter(kind=ChannelKind.TELEGRAM, pending_until__gt=timezone.now())
    if not settings.TELEGRAM_BOT_TOKEN or not waiting.exclude(pending="").exists():
        return
    DeliveryState.objects.get_or_create(name=UPDATES)
    with transaction.atomic():  # two polls at the same time would make Telegram answer 409
        state = DeliveryState.objects.select_for_update(skip_locked=True).filter(name=UPDATES).first()
        if state is None or (state.until and state.until > timezone.now()):
            return
        try:
            updates = asyncio.run(ask("getUpdates", asked(state.number)))
        except (telegram.TelegramFailed, PostFailed) as error:
            logger.warning("Telegram: updates cannot be read: %s", error)
            state.until = timezone.now() + wait_after(error)
        else:
            take_updates(updates, list(waiting.select_for_update()), state)
        state.save()


def asked(offset: int) -> dict[str, Any]:
    """The parameters of getUpdates: an offset confirms all updates before it."""
    return {"offset": offset, "timeout": 0, "limit": 100, "allowed_updates": ["message"]}


def wait_after(error: Exception) -> timedelta:
    """How long not to ask after a failure."""
    after = error.outcome.after if isinstance(error, telegram.TelegramFailed) else None
    return timedelta(seconds=after or 10)


def take_updates(updates: Any, waiting: list[DeliveryChannel], state: DeliveryState) -> None:
    """Link what carries a code, and move the offset on."""
    for update in updates if isinstance(updates, list) else []:
        state.number = max(state.number, int(update["update_id"]) + 1)
        message = update.get("message") or {}
        found = START.fullmatch(str(message.get("text", "")).strip())
        channel = next((each for each in waiting if found and is_code(each, found[1])), None)
        if channel is None:
            continue
        chat = message["chat"]
        connect(channel, {"chat": chat["id"]}, str(chat.get("title") or chat.get("first_name") or ""))
        waiting.remove(channel)
        greet(channel, chat["id"])


def is_code(channel: DeliveryChannel, code: str) -> bool:
    """Tell whether a channel waits for this code."""
    return hmac.compare_digest(str(pending(channel).get("code", "")).encode(), code.encode())


def greet(channel: DeliveryChannel, chat: int) -> None:
    """Tell the chat that it is linked; the settings page says so too, so a failure costs nothing."""
    with override(channel.language):
        text = gettext("Linked with VN Stock Tracker. Alerts come here from now on.")
    try:
        asyncio.run(ask("sendMessage", {"chat_id": chat, "text": text}))
    except (telegram.TelegramFailed, PostFailed) as error:
        logger.warning("Telegram: a linked chat was not greeted: %s", error)
