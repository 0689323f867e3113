"""A real nginx with our template in front of two Daphne processes."""

import asyncio
import gzip
import http.client
import json
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import websockets
from asgiref.sync import async_to_sync
from django.test.utils import override_settings

from tests.launched import wait_until
from tests.market.live_rows import VN30, Publisher, market_row
from tests.nginx import Nginx, find_nginx
from tests.ports import held_port
from tests.stand import Stand
from tracker.launch.ports import LOOPBACK, accepts
from tracker.launch.process import Process
from tracker.launch.stack import APPLICATION, SOCKET_LIMITS

pytestmark = pytest.mark.skipif(find_nginx() is None, reason="nginx is not installed (Debian: nginx-light)")

SNAPSHOT = "/api/market/snapshot"
TOKEN = "vnst_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"
TRUSTING = ssl.create_default_context()
TRUSTING.check_hostname = False
TRUSTING.verify_mode = ssl.CERT_NONE
MOST_SOCKETS = 4
OTHER = "127.0.0.2"  # another client's address on the same machine


class Reply(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Site(Stand):
    """nginx, two web processes and a published market."""

    nginx: Nginx

    def start_all(self) -> None:
        """Start everything."""
        self.start_database()
        publish(self.valkey.url)
        for name in ("web1", "web2"):
            self.serve(name, held_port())
        for name in ("web1", "web2"):
            self.processes[name].wait_until(partial(accepts, self.ports[name]), seconds=60)
        self.start_nginx("nginx")

    def serve(self, name: str, port: int) -> None:
        """Start a Daphne; by plain HTTP it would only lead to HTTPS."""
        self.ports[name] = port
        listen = ("--bind", LOOPBACK, "--port", str(port))
        self.start(name, "-m", "daphne", "--verbosity", "0", *listen, *SOCKET_LIMITS, APPLICATION)

    def start_nginx(self, name: str, **variables: str) -> Nginx:
        """Start an nginx in a folder of its own."""
        folder = self.directory / name
        folder.mkdir()
        nginx = Nginx(folder, [self.ports["web1"], self.ports["web2"]], **variables)
        process = Process(nginx.command(), self.warden)
        self.processes[name] = process
        process.wait_until(partial(accepts, nginx.https), seconds=20)
        if name == "nginx":
            self.nginx = nginx
        return nginx


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The site as a browser meets it: HTTPS by the proxy, and the client's address by its word."""
    settings = {
        "TRUSTED_PROXIES": LOOPBACK, "BEHIND_PROXY": "true", "HTTPS_ONLY": "true", "ALLOWED_HOSTS": LOOPBACK,
        "SECRET_KEY": "of-a-test-" + "x" * 50, "WS_CONNECTIONS_PER_ADDRESS": str(MOST_SOCKETS),
        "DATABASE_POOL_SIZE": "4",
    }  # fmt: skip
    with Site(**settings) as site:
        site.start_all()
        yield site


def publish(url: str) -> None:
    """Write a snapshot as ingest would."""
    with override_settings(REDIS_URL=url):
        Publisher().store_all({symbol: market_row(symbol) for symbol in VN30})


def get(port: int, path: str, *, source: str = LOOPBACK, tls: bool = True, **headers: str) -> Reply:
    """One GET; header names with _ for -."""
    if tls:
        connection: Any = http.client.HTTPSConnection(
            LOOPBACK, port, timeout=20, source_address=(source, 0), context=TRUSTING
        )
    else:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=20)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    reply = Reply(response.status, {key.lower(): value for key, value in response.getheaders()}, response.read())
    connection.close()
    return reply


def logged(nginx: Nginx, prefix: str, least: int = 0) -> list[dict[str, Any]]:
    """Lines of the access log about some addresses, once there are so many: a line is written after its answer."""

    def lines() -> list[dict[str, Any]]:
        every = map(json.loads, nginx.access_log.read_text().splitlines())
        return [line for line in every if line["uri"].startswith(prefix)]

    wait_until(lambda: len(lines()) >= least)
    return lines()


def test_template_is_what_nginx_takes(site: Site) -> None:
    done = subprocess.run([*site.nginx.arguments(), "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_page_comes_by_https_with_its_headers_and_http_leads_there(site: Site) -> None:
    page = get(site.nginx.https, "/")
    assert page.status == 200 and b"HPG" in page.body
    assert page.headers["strict-transport-security"].startswith("max-age=31536000")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert re.fullmatch("[0-9a-f]{32}", page.headers["x-request-id"])
    assert "nginx/" not in page.headers["server"]
    login = get(site.nginx.https, "/admin/login/")
    assert "Secure" in login.headers["set-cookie"]
    led = get(site.nginx.http, "/symbol/HPG/?x=1", tls=False)
    assert (led.status, led.headers["location"]) == (301, f"https://{LOOPBACK}/symbol/HPG/?x=1")


def test_static_file_comes_from_nginx_and_metrics_from_nobody(site: Site) -> None:
    style = get(site.nginx.https, "/static/css/site.css", Accept_Encoding="gzip")
    assert style.status == 200 and style.headers["content-type"] == "text/css"
    assert style.headers["cache-control"] == "public, max-age=60"
    assert style.headers["content-encoding"] == "gzip"
    assert get(site.nginx.https, "/static/../tracker/settings.py").status in (400, 404)
    assert get(site.nginx.https, "/static/nothing.css").status == 404
    assert {get(site.nginx.https, path).status for path in ("/metrics", "/metrics/")} == {404}
    static = logged(site.nginx, "/static/css/site.css", least=1)
    assert {line["upstream"] for line in static} == {""}


def test_file_whose_name_holds_its_content_is_kept_for_ever(site: Site, tmp_path: Path) -> None:
    shutil.copytree("static", tmp_path / "static")
    (tmp_path / "static" / "css" / "site.0123456789ab.css").write_text("a {}")
    nginx = site.start_nginx("hashed", STATIC_FOLDER=str(tmp_path / "static"))
    hashed = get(nginx.https, "/static/css/site.0123456789ab.css")
    assert (hashed.status, hashed.body) == (200, b"a {}")
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    site.processes.pop("hashed").stop()


@async_to_sync
async def frames_of(site: Site, *, source: str, sockets: int) -> list[str | int]:
    """Open sockets one after the other and keep them; the first frame's type of each, or its close code."""
    address = f"wss://{LOOPBACK}:{site.nginx.https}/ws/market/?token="
    opened, said = [], []
    for _ in range(sockets):
        connection = await websockets.connect(
            address, ssl=TRUSTING, local_addr=(source, 0), origin=websockets.Origin(site.nginx.url)
        )
        opened.append(connection)
        try:
            frame = json.loads(await asyncio.wait_for(connection.recv(), 20))
            assert len(frame["data"]["rows"]) == len(VN30)
            said.append(frame["type"])
        except websockets.ConnectionClosed as closed:
            said.append(closed.rcvd.code if closed.rcvd else 0)
    await asyncio.gather(*(each.close() for each in opened))
    return said


def test_sockets_pass_and_the_limit_counts_each_client_by_its_own_address(site: Site) -> None:
    expected = ["snapshot"] * MOST_SOCKETS + [4429]
    assert frames_of(site, source=LOOPBACK, sockets=MOST_SOCKETS + 1) == expected
    assert frames_of(site, source=OTHER, sockets=MOST_SOCKETS) == ["snapshot"] * MOST_SOCKETS


def test_snapshot_of_anonymous_readers_is_asked_for_about_once_a_second(site: Site) -> None:
    before = len(logged(site.nginx, SNAPSHOT))
    started = time.monotonic()
    replies = [get(site.nginx.https, SNAPSHOT) for _ in range(200)]
    lasted = time.monotonic() - started
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    lines = logged(site.nginx, SNAPSHOT, before + len(replies))[before:]
    asked = [line for line in lines if line["upstream"]]
    assert len(asked) <= lasted + 2
    assert sum(reply.headers["x-cache"] == "HIT" for reply in replies) >= 200 - len(asked)


def test_link_that_resets_a_password_is_not_logged(site: Site) -> None:
    for path in ("/account/reset/MQ/c3x-9a0b/", "/account/reset/MQ/set-password/", "/account/reset/sent/"):
        get(site.nginx.https, path)
    shown = [line["uri"] for line in logged(site.nginx, "/account/reset/", least=3)]
    assert shown == ["/account/reset/MQ/[hidden]", "/account/reset/MQ/set-password/", "/account/reset/sent/"]


def test_key_of_a_shared_list_is_not_logged(site: Site) -> None:
    key = "Zk3-x_9a0bCdEfGhIjKlMn"
    for path in (f"/shared/{key}/", f"/shared/{key}/copy/", f"/shared/{key}?sort=price", f"//shared/{key}/%0Ax"):
        get(site.nginx.https, path)
    shown = [line["uri"] for line in logged(site.nginx, "/shared/", least=4)]
    assert shown == ["/shared/[hidden]/", "/shared/[hidden]/copy/", "/shared/[hidden]", "/shared/[hidden]/"]
    assert key not in "\n".join(line for lines in site.said.values() for line in lines)


def test_reader_who_shows_something_of_himself_gets_no_kept_answer(site: Site) -> None:
    get(site.nginx.https, SNAPSHOT)
    refused = get(site.nginx.https, SNAPSHOT, Authorization=f"Bearer {TOKEN}")
    assert (refused.status, refused.headers["x-cache"]) == (401, "BYPASS")
    assert get(site.nginx.https, SNAPSHOT, Cookie="sessionid=abc").headers["x-cache"] == "BYPASS"
    assert get(site.nginx.https, SNAPSHOT).status == 200
    tag = get(site.nginx.https, SNAPSHOT).headers["etag"]
    assert get(site.nginx.https, SNAPSHOT, If_None_Match=tag).status == 304
    other = get(site.nginx.https, f"{SNAPSHOT}?symbols=HPG")
    assert len(other.body) < len(get(site.nginx.https, SNAPSHOT).body)


@pytest.mark.parametrize("path", [SNAPSHOT, "/api/market/alerts", "/"])
def test_answer_that_is_packed_for_one_reader_is_not_given_packed_to_another(site: Site, path: str) -> None:
    packed = get(site.nginx.https, path, Accept_Encoding="br, gzip, zstd")
    plain = get(site.nginx.https, path)
    assert "content-encoding" not in plain.headers and plain.status == packed.status == 200
    if packed.headers.get("content-encoding"):
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body)[:1] == plain.body[:1]
    else:
        assert packed.body[:1] == plain.body[:1]


def test_client_cannot_make_up_its_address(site: Site) -> None:
    forged = {"X_Forwarded_For": "198.51.100.7", "X_Forwarded_Proto": "http"}
    assert get(site.nginx.https, "/", **forged).status == 200  # http would lead to https, for ever
    assert get(site.nginx.https, SNAPSHOT, **forged).status == 200


def test_flood_of_one_address_is_refused_before_it_reaches_python(site: Site) -> None:
    nginx = site.start_nginx("strict", REQUESTS_PER_SECOND="1", REQUESTS_AT_ONCE="5", CONNECTIONS_PER_ADDRESS="3")
    statuses = [get(nginx.https, "/health/live?no", source=OTHER).status for _ in range(10)]
    assert set(statuses) == {200}  # whoever looks after the site is never refused
    statuses = [get(nginx.https, "/api/symbols?q=HPG", source=OTHER).status for _ in range(40)]
    assert statuses.count(429) >= 3 and statuses[0] != 429  # one a second comes back, however slow they are
    assert get(nginx.https, "/api/symbols?q=HPG").status != 429
    site.processes.pop("strict").stop()


def test_token_in_an_address_stands_in_no_log(site: Site) -> None:
    before = len(logged(site.nginx, SNAPSHOT))
    for path in (f"/?token={TOKEN}", f"/ws/market/?token={TOKEN}", f"{SNAPSHOT}?token={TOKEN}"):
        get(site.nginx.https, path)
    logged(site.nginx, SNAPSHOT, before + 1)  # the last one
    said = "\n".join(line for lines in site.said.values() for line in lines)
    for text in (site.nginx.access_log.read_text(), site.nginx.error_log.read_text(), said):
        assert TOKEN not in text


def test_killed_web_process_is_left_out_and_the_other_one_serves(site: Site) -> None:
    port = site.ports["web1"]
    site.kill("web1")
    assert {get(site.nginx.https, "/health/live").status for _ in range(20)} == {200}
    assert frames_of(site, source="127.0.0.3", sockets=2) == ["snapshot"] * 2
    assert get(site.nginx.https, "/").status == 200
    assert TOKEN not in site.nginx.error_log.read_text()
    site.serve("web1", port)
