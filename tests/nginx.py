"""The nginx of docker/nginx as a process of a test or a bench, on ports and in a folder of its own."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.ports import held_port
from tracker.launch.ports import LOOPBACK
from tracker.launch.process import Command

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker" / "nginx"


def find_nginx() -> str | None:
    """The program; Debian puts it where only root's PATH leads."""
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


class Nginx:
    """Its files, in a folder; `command` runs it in front of web processes."""

    def __init__(self, folder: Path, web_ports: Sequence[int], **variables: str) -> None:
        self.folder = folder
        self.http, self.https, self.status = held_port(), held_port(), held_port()
        self.access_log = folder / "access.log"
        self.error_log = folder / "error.log"
        servers = " ".join(f"server {LOOPBACK}:{port} max_fails=1 fail_timeout=5s;" for port in web_ports)
        self.variables = {
            "WEB_SERVERS": servers, "HTTP_PORT": f"{LOOPBACK}:{self.http}", "HTTPS_PORT": f"0.0.0.0:{self.https}",
            "STATUS_PORT": f"{LOOPBACK}:{self.status}", "TLS_FOLDER": str(folder),
            "STATIC_FOLDER": str(ROOT / "static"),
            "ACME_ROOT": str(folder / "acme"), "ACCESS_LOG": str(self.access_log), "REQUESTS_PER_SECOND": "100000",
            "REQUESTS_AT_ONCE": "100000", "CONNECTIONS_PER_ADDRESS": "60000", **variables,
        }  # fmt: skip
        self._write()

    @property
    def url(self) -> str:
        """Where it answers by TLS."""
        return f"https://{LOOPBACK}:{self.https}"

    def _write(self) -> None:
        (self.folder / "nginx").mkdir()
        texts = {"nginx.conf": "nginx.conf", "nginx/site.conf": "site.conf.template"}
        for path, source in texts.items():
            text = (DOCKER / source).read_text().replace(" /tmp/", f" {self.folder}/")
            (self.folder / path).write_text(self.filled(text.replace("/dev/stderr", str(self.error_log))))
        subject = ["-subj", "/CN=localhost", "-addext", f"subjectAltName=IP:{LOOPBACK},DNS:localhost"]
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "privkey.pem"]
        made = ["openssl", "req", "-x509", *key, "-out", "fullchain.pem", "-days", "2", *subject]
        subprocess.run(made, cwd=self.folder, check=True, capture_output=True)

    def filled(self, template: str) -> str:
        """The template with its variables, as the image's start script fills it."""
        return re.sub(r"\$\{([A-Z_]+)\}", lambda match: self.variables[match[1]], template)

    def arguments(self) -> list[str]:
        """The command line, without what makes it stay in the foreground."""
        return [find_nginx() or "nginx", "-p", str(self.folder), "-c", "nginx.conf", "-e", str(self.error_log)]

    def command(self) -> Command:
        """Run it; it ends with its parent's signal."""
        user = "user root;" if os.geteuid() == 0 else ""  # else its workers may not enter the folder
        return Command("nginx", [*self.arguments(), "-g", f"daemon off; {user}"], self.folder, serves=True)
