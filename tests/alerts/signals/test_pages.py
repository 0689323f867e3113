"""The signals page: live and of a day, filters, pages, bad addresses, and what it says while something is away."""

import re
from urllib.parse import parse_qs

import pytest
from django.db import connections
from django.test import Client
from pytest_django import Settings

from alerts.models import Alert, AlertRule
from alerts.signals import views as signal_views
from tests.alerts.signal_rows import AlertPublisher, alert_row
from tests.market.page_html import fresh_cache

__all__ = ["fresh_cache"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def published(redis_url: str) -> AlertPublisher:
    publisher = AlertPublisher()
    publisher.store_all({})
    publisher.store_alerts(alert_row(1), alert_row(2, "ACB", "volume_spike"))
    return publisher


@pytest.fixture
def database_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the connection at a port where nobody listens."""
    for name in connections:
        connections[name].close()
        monkeypatch.setitem(connections[name].settings_dict, "PORT", "1")
        monkeypatch.setitem(connections[name].settings_dict, "HOST", "127.0.0.1")


def store(count: int, days_back: int = 0, **changes: object) -> None:
    """Alerts of one day, a second apart."""
    rows = [alert_row(number - 86_400 * days_back, **changes) for number in range(1, count + 1)]  # type: ignore[arg-type]
    Alert.objects.bulk_create(
        Alert(
            id=row["id"], at=row["time"], kind=row["kind"], symbol=row["symbol"], severity=row["severity"],
            phase="continuous", rule=row["rule"], rule_version=row["version"], evidence=row["evidence"],
        )
        for row in rows
    )  # fmt: skip


def page(client: Client, path: str = "/signals/", wanted: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == wanted
    return response.content.decode()


def shown(html: str) -> list[tuple[str, str]]:
    """Clock and symbol of each line."""
    return re.findall(r'<time>([\d:]+)</time>.*?/symbol/(\w+)/"', html.split('id="feed"')[1], re.DOTALL)


def test_live_page_joins_what_is_live_and_what_is_stored(client: Client, published: AlertPublisher) -> None:
    store(1, symbol="VCB")
    store(1)  # the same as the live one
    html = page(client)
    assert [symbol for _clock, symbol in shown(html)] == ["ACB", "VCB", "HPG"]
    assert "28,80 nghìn đồng" in html
    assert "12.300 cổ phiếu" in html
    assert 'data-socket="/ws/signals/?language=vi&amp;feed=1"' in html
    assert "data-reading" in html
    assert html.index("Nghiêm trọng</span>") > html.index('id="feed"')


def test_filters_leave_the_others_out_and_stay_in_every_address(client: Client, published: AlertPublisher) -> None:
    html = page(client, "/signals/?severity=critical&kind=price_limit,limit_left&symbol=hpg,vcb")
    assert {symbol for _clock, symbol in shown(html)} == {"HPG"}
    filters = "severity=critical&amp;kind=price_limit&amp;kind=limit_left&amp;symbol=HPG%2CVCB"
    assert f'data-socket="/ws/signals/?{filters}&amp;language=vi&amp;feed=1"' in html
    csv = re.search(r'href="/api/history/alerts\?([^"]*)" download', html)
    assert csv
    asked = parse_qs(csv[1].replace("&amp;", "&"))
    assert asked["kind"] == ["price_limit,limit_left"]
    assert asked["severity"] == ["critical"]
    assert asked["symbols"] == ["HPG,VCB"]
    assert re.findall(r'value="(\w+)" checked', html) == ["critical", "price_limit", "limit_left"]


def test_csv_link_is_answered(client: Client, published: AlertPublisher) -> None:
    store(3)
    store(2, symbol="ACB", kind="volume_spike")
    html = page(client, "/signals/?day=2026-11-20&kind=price_limit,volume_spike&severity=critical,warning&symbol=ACB")
    csv = re.search(r'href="(/api/history/alerts\?[^"]*)" download', html)
    assert csv
    response = client.get(csv[1].replace("&amp;", "&"))
    assert response.status_code == 200
    text = b"".join(response).decode()  # type: ignore[arg-type]
    assert len(text.strip().splitlines()) == 3


def test_day_is_paged_and_pages_do_not_overlap(
    client: Client, published: AlertPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal_views, "PAGE", 4)
    store(10)
    store(2, days_back=3)
    path, seen, pages = "/signals/?day=2026-11-20&severity=critical", [], 0
    while path:
        html = page(client, path)
        assert "data-follow" not in html
        seen += [clock for clock, _symbol in shown(html)]
        older = re.search(r'<a href="(\?[^"]*)" rel="next"', html)
        path = "/signals/" + older[1].replace("&amp;", "&") if older else ""
        pages += 1
    assert pages == 3
    assert seen == [f"10:15:{second:02}" for second in range(14, 4, -1)]
    assert 'day=2026-11-17">← 17/11</a>' in html
    assert '<option value="2026-11-20" selected>20/11/2026</option><option value="2026-11-17">' in html


def test_live_page_leads_to_older_ones_of_their_day(
    client: Client, published: AlertPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal_views, "PAGE", 2)
    store(5, days_back=1)
    assert '<a href="?day=2026-11-19" rel="next">' in page(client)
    monkeypatch.setattr(signal_views, "PAGE", 4)
    assert re.search(r'<a href="\?day=2026-11-19&amp;before=price_limit-2-HPG-\d+-\d+" rel="next">', page(client))


def test_rule_is_named_if_somebody_named_it(client: Client, published: AlertPublisher) -> None:
    rule = AlertRule.objects.order_by("pk").first()
    assert rule
    AlertRule.objects.filter(pk=rule.pk).update(name="Trần HPG")
    published.store_alerts(alert_row(rule=rule.pk, version=3))
    html = page(client)
    assert "Trần HPG" in html
    assert f"quy tắc {rule.pk}, bản 3" in html


@pytest.mark.parametrize(
    "query", ["kind=x", "severity=x", "symbol=%00", "day=tomorrow", "day=2026-11-20&before=x", "day=9999-99-99"]
)
def test_bad_address_is_a_page_that_says_so(client: Client, published: AlertPublisher, query: str) -> None:
    html = page(client, f"/signals/?{query}", 400)
    assert "Địa chỉ không dùng được" in html
    assert shown(html) == []
    assert 'id="choose"' in html


def test_database_away_leaves_what_is_live(client: Client, published: AlertPublisher, database_away: None) -> None:
    html = page(client)
    assert "Cơ sở dữ liệu không trả lời" in html
    assert len(shown(html)) == 2


def test_database_away_makes_a_day_a_page_of_503(
    client: Client, published: AlertPublisher, database_away: None
) -> None:
    html = page(client, "/signals/?day=2026-11-20", 503)
    assert "hiện không xem được ngày này" in html
    assert 'id="choose"' in html


def test_redis_away_shows_what_is_stored(client: Client, settings: Settings, redis_url: str) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    store(2)
    assert len(shown(page(client))) == 2


def test_signals_of_a_symbol_are_a_fragment(client: Client, published: AlertPublisher) -> None:
    store(3, days_back=1)
    html = page(client, "/signals/of/hpg/")
    assert html.strip().startswith("<ol")
    assert html.count("<li") == 4
    assert "Mã này chưa có tín hiệu nào." in page(client, "/signals/of/FPT/")
    assert client.get("/signals/of/%3Cb%3E/").status_code == 404


def test_signals_of_a_symbol_with_the_database_away(
    client: Client, published: AlertPublisher, database_away: None
) -> None:
    assert page(client, "/signals/of/HPG/").count("<li") == 1
    assert "Hiện không đọc được tín hiệu đã lưu." in page(client, "/signals/of/FPT/")


def test_every_page_has_the_entry_and_the_socket(client: Client, published: AlertPublisher) -> None:
    for path in ("/", "/about/", "/foreign/", "/symbol/HPG/"):
        html = page(client, path)
        assert 'href="/signals/"' in html
        assert 'data-socket="/ws/signals/?language=vi"' in html
    assert 'href="/signals/" aria-current="page"' in page(client)


def test_english_page_says_it_in_english(client: Client, published: AlertPublisher) -> None:
    client.cookies["django_language"] = "en"
    html = page(client)
    assert "28.80 thousand VND" in html
    assert "Critical</span>" in html
