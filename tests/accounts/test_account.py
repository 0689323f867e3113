"""What readers see and change about themselves."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from pytest_django import Settings

from market.access import Tokens
from market.models import ApiToken, Watchlist
from tests.accounts.conftest import PASSWORD
from tracker.accounts.tasks import prune

OTHER = "another long password"


@pytest.fixture
def reader(client: Client, trader: User) -> Client:
    client.force_login(trader)
    return client


def test_account_page_asks_for_a_log_in_even_where_everybody_may_read(client: Client) -> None:
    assert client.get("/account/").headers["Location"] == "/account/log-in/?next=/account/"


def test_token_is_shown_once_and_works_until_it_is_revoked(reader: Client, trader: User) -> None:
    html = reader.post("/account/tokens/", {"name": "desk"}).content.decode()
    token = re.search(r'value="(vnst_[^"]+)"', html)
    assert token
    assert Tokens().user(token[1]) == trader
    assert token[1] not in reader.get("/account/").content.decode()
    number = ApiToken.objects.get().pk
    reader.post(f"/account/tokens/{number}/revoke/")
    assert Tokens().user(token[1]) is None
    assert "desk" not in reader.get("/account/").content.decode().split('id="tokens"')[1]


def test_token_of_somebody_else_cannot_be_revoked(reader: Client) -> None:
    stored, _ = ApiToken.issue(User.objects.create_user("other"), "theirs")
    assert reader.post(f"/account/tokens/{stored.pk}/revoke/").status_code == 404
    stored.refresh_from_db()
    assert stored.revoked_at is None


def test_tokens_of_an_account_are_limited(reader: Client, trader: User) -> None:
    for number in range(20):
        ApiToken.issue(trader, str(number))
    answer = reader.post("/account/tokens/", {"name": "one more"})
    assert answer.status_code == 400
    assert "vnst_" not in answer.content.decode().replace("vnst_…", "").split("<table")[0]
    assert ApiToken.objects.count() == 20


def test_password_changes_and_other_sessions_end(reader: Client, trader: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(trader)
    given = {"old_password": PASSWORD, "new_password1": OTHER, "new_password2": OTHER}
    assert reader.post("/account/password/", given).headers["Location"] == "/account/"
    assert reader.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302


def test_reset_by_mail_works_once_and_tells_nobody_who_has_an_account(client: Client, trader: User) -> None:
    answers = [client.post("/account/reset/", {"email": name}) for name in ("trader@example.org", "no@example.org")]
    assert {answer.headers["Location"] for answer in answers} == {"/account/reset/sent/"}
    (sent,) = mail.outbox
    link = re.search(r"http://testserver(/account/reset/\S+)", str(sent.body))
    assert link
    form = client.get(link[1]).headers["Location"]
    assert client.post(form, {"new_password1": OTHER, "new_password2": OTHER}).status_code == 302
    assert client.login(username="trader", password=OTHER, request=client.get("/about/").wsgi_request)
    assert "không còn dùng được" in Client().get(link[1]).content.decode()


def test_reset_mails_are_limited(client: Client, trader: User) -> None:
    answers = [client.post("/account/reset/", {"email": "trader@example.org"}).status_code for _ in range(11)]
    assert answers == [302] * 10 + [429]
    assert len(mail.outbox) == 5


@pytest.mark.parametrize(("language", "words"), [("vi", "người vận hành"), ("en", "sends no mail")])
def test_reset_without_a_mail_server_makes_no_link_and_says_who_helps(
    client: Client,
    trader: User,
    settings: Settings,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    language: str,
    words: str,
) -> None:
    settings.EMAIL_BACKEND = settings.NO_MAIL
    client.cookies["django_language"] = language
    page = client.get("/account/reset/").content.decode()
    assert words in page and 'name="email"' not in page
    assert client.head("/account/reset/").status_code == 200
    assert client.post("/account/reset/", {"email": trader.email}).status_code == 403
    assert mail.outbox == []
    said = "".join((*capfd.readouterr(), caplog.text))
    assert not re.search(r"/account/reset/\w", said)


def test_reset_of_a_demo_leaves_the_letter_in_its_folder(
    client: Client, trader: User, settings: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    assert client.post("/account/reset/", {"email": trader.email}).status_code == 302
    (letter,) = tmp_path.iterdir()
    assert "/account/reset/" in letter.read_text()
    assert "/account/reset/" not in "".join(capfd.readouterr())


def test_email_changes(reader: Client, trader: User) -> None:
    assert reader.post("/account/email/", {"email": "nowhere"}).status_code == 400
    reader.post("/account/email/", {"email": "new@example.org"})
    trader.refresh_from_db()
    assert trader.email == "new@example.org"


def test_deletion_needs_the_password_and_takes_everything(reader: Client, trader: User) -> None:
    Watchlist.objects.create(owner=trader, name="Banks", position=1)
    ApiToken.issue(trader, "desk")
    assert reader.get("/account/delete/").status_code == 200
    assert reader.post("/account/delete/", {"password": "x"}).status_code == 400
    assert reader.post("/account/delete/", {"password": PASSWORD}).headers["Location"] == "/"
    assert [model.objects.count() for model in (User, Watchlist, ApiToken)] == [0, 0, 0]
    assert reader.get("/account/").status_code == 302


def test_administrator_is_not_deleted_by_this_page(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    assert client.post("/account/delete/", {"password": "password"}).status_code == 403
    assert User.objects.filter(pk=admin_user.pk).exists()


def test_housekeeping_keeps_sessions_that_hold(reader: Client) -> None:
    prune()
    assert reader.get("/account/").status_code == 200
