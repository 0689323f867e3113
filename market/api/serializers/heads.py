"""What answers of every kind say of themselves, and of what was refused."""

from typing import Any

from rest_framework import serializers

from market.api.serializers.fields import count, moment, word


class Error(serializers.Serializer[Any]):
    """What every refusal looks like."""

    code = word(
        "invalid, not_authenticated, authentication_failed, not_found, throttled, unavailable or error, among others."
    )
    detail = word("What is wrong; for a parameter, its name and what was expected.")


class Live(serializers.Serializer[Any]):
    """What every live answer says of its moment."""

    served_from = word("Always `live copy`: what ingest keeps in Redis.")
    channel = word("Channel of the WebSocket API with the same rows.")
    epoch = word("Names the start of ingest; empty before the first data.")
    seq = count("Grows by one with each update of the channel.")
    time = moment("The market's clock when the copy was written.", null=True)
    status = serializers.DictField(
        help_text="How the feed does; `feed` is live, delayed, reconnecting, closed or starting."
    )


class LiveList(Live):
    """A live answer with a list."""

    list = word("The list shown: VN30, HOSE, HNX, UPCOM or ALL; null for named symbols.", null=True)


class History(serializers.Serializer[Any]):
    """What every range says of itself."""

    symbol = word("The stored code.")
    more = serializers.BooleanField(help_text="Whether the range holds older rows than `limit` let through.")
