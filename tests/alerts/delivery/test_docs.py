"""What docs/delivery.md shows to those who write a receiver is true."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from alerts.delivery import sending
from tests.alerts.delivery.builders import make_delivery, make_webhook
from tests.alerts.delivery.standins import StandIn

DOCUMENT = Path(__file__).parents[3] / "docs" / "delivery.md"


@pytest.mark.django_db
def test_documented_verification_takes_our_requests_and_no_others(user: User, elsewhere: StandIn) -> None:
    found = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found
    shown: dict[str, Any] = {}
    exec(found[1], shown)
    is_genuine = shown["is_genuine"]
    make_delivery(make_webhook(user, elsewhere))
    sending.deliver()
    (got,) = elsewhere.at("/hook")
    assert is_genuine("whsec_test", got.headers, got.body)
    assert not is_genuine("whsec_other", got.headers, got.body)
    assert not is_genuine("whsec_test", got.headers, got.body + b" ")
    assert not is_genuine("whsec_test", got.headers | {"Tracker-Timestamp": "1"}, got.body)


@pytest.mark.django_db
def test_documented_body_names_every_field(user: User, elsewhere: StandIn) -> None:
    found = re.search(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found
    make_delivery(make_webhook(user, elsewhere))
    sending.deliver()
    sent = elsewhere.at("/hook")[0].json
    assert set(re.findall(r'"(\w+)":', found[1])) - {"value_vnd"} == {*sent, *sent["items"][0]}
