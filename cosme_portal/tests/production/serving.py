"""The portal as it is shipped for production: gunicorn and nginx with their own configuration, and TLS.

Paths, ports and the certificate are those of the test; everything else is used as it is in the repository.
"""

import getpass
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cosme_portal.settings import ROOT
from cosme_portal.tests import processes

NAME = "portal.example"
METRICS_TOKEN = "of the monitoring of this test"
CONFIGURATION = ROOT / "deploy" / "nginx.conf"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def make_certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "certificate.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def rendered(folder, *, plain, tls):
    """The shipped configuration with this test's paths and ports; each replacement must apply."""
    text = CONFIGURATION.read_text()
    places = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    for old, new in [
        ("worker_processes auto;", f"worker_processes 1;\nuser {getpass.getuser()};\ndaemon off;"),
        ("http {\n", f"http {{\n{places}"),
        ("/run/nginx.pid", f"{folder}/nginx.pid"),
        ("/var/log/nginx", str(folder)),
        ("/etc/portal", str(folder)),
        ("/run/portal/web.sock", f"{folder}/web.sock"),
        ("/var/lib/portal", str(folder)),
        ("/opt/portal", str(ROOT)),
        ("listen 80 ", f"listen 127.0.0.1:{plain} "),
        ("listen 443 ", f"listen 127.0.0.1:{tls} "),
    ]:
        assert old in text, old
        text = text.replace(old, new)
    if os.geteuid() != 0:
        text = text.replace(f"user {getpass.getuser()};\n", "")
    return re.sub(r"\n *listen \[::\]:[^\n]*", "", text)


def environment(folder, broker_url, **more):
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")
    }
    return inherited | {
        "DJANGO_SETTINGS_MODULE": "cosme_portal.settings",
        "PORTAL_MODE": "production",
        "PORTAL_VAR": str(folder),
        "PORTAL_SECRET_KEY": "for this test only, and long enough for it",
        "PORTAL_BASE_URL": f"https://{NAME}",
        "PORTAL_HOSTS": NAME,
        "PORTAL_SEAL_FILE": str(folder / "seal.pem"),
        "PORTAL_TRUSTED_PROXIES": "unix",
        "PORTAL_MAIL_URL": "dummymail://",
        "PORTAL_METRICS_TOKEN": METRICS_TOKEN,
        "DATABASE_URL": processes.database_url(),
        "REDIS_URL": broker_url,
        **more,
    }


@contextmanager
def running(command, **kwargs):
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, **kwargs)
    try:
        yield process
    finally:
        processes.kill(process, signal.SIGTERM)


def gunicorn(bind, *more):
    return [
        sys.executable,
        "-W",
        "ignore::UserWarning",
        "-m",
        "gunicorn",
        "-c",
        "cosme_portal/gunicorn.conf.py",
        "-b",
        bind,
        "--log-level",
        "warning",
        *more,
    ]


@contextmanager
def in_front(folder, nginx):
    """nginx alone; yields where it listens."""
    make_certificate(folder)
    site = Site(folder, plain=free_port(), tls=free_port())
    (folder / "nginx.conf").write_text(rendered(folder, plain=site.plain, tls=site.tls))
    front = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    subprocess.run([*front, "-t", "-q"], check=True)
    with running(front):
        yield site


@contextmanager
def served(broker_url, nginx):
    """gunicorn behind nginx; yields where they listen."""
    with processes.short_folder() as folder:
        data = environment(folder, broker_url)
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"]
        collecting = data | {"DJANGO_SETTINGS_MODULE": "cosme_portal.tests.production.collecting"}
        subprocess.run(collect, cwd=ROOT, env=collecting, check=True)
        with (
            (folder / "web.log").open("w") as log,
            running(
                gunicorn(f"unix:{folder}/web.sock", "--log-level", "info"), env=data, stderr=log
            ),
            in_front(folder, nginx) as site,
        ):
            processes.wait_until(site.is_up)
            yield site


class Site:
    def __init__(self, folder: Path, *, plain: int, tls: int) -> None:
        self.folder, self.plain, self.tls = folder, plain, tls
        self.context = ssl.create_default_context(cafile=str(folder / "certificate.pem"))

    def listens(self):
        try:
            self.connect("127.0.0.1").close()
        except OSError:
            return False
        return True

    def is_up(self):
        try:
            return Visitor(self).get("/health/").status == 200
        except OSError:
            return False

    def connect(self, source, *, encrypted=True):
        port = self.tls if encrypted else self.plain
        plain = socket.create_connection(
            ("127.0.0.1", port), timeout=20, source_address=(source, 0)
        )
        return self.context.wrap_socket(plain, server_hostname=NAME) if encrypted else plain


class Answer:
    def __init__(self, http_response: http.client.HTTPResponse) -> None:
        self.status, self.headers = http_response.status, http_response.headers
        self.text = http_response.read().decode()


class Visitor:
    """A browser without pages: keeps cookies, comes from an address of its own."""

    def __init__(self, site: Site, source: str = "127.0.0.1") -> None:
        self.site, self.source, self.cookies = site, source, {}

    def ask(self, method, path, body=None, *, host=NAME, encrypted=True, **headers):
        connection = http.client.HTTPConnection(NAME)
        connection.sock = self.site.connect(self.source, encrypted=encrypted)
        with connection.sock:
            values = {name.replace("_", "-"): value for name, value in headers.items()}
            values |= {"Host": host, "Referer": f"https://{NAME}/"}
            if self.cookies:
                values["Cookie"] = "; ".join(
                    f"{key}={value}" for key, value in self.cookies.items()
                )
            connection.request(method, path, body, values)
            answer = Answer(connection.getresponse())
        for line in answer.headers.get_all("Set-Cookie") or []:
            key, _equals, value = line.partition(";")[0].partition("=")
            self.cookies[key] = value
        return answer

    def get(self, path, **kwargs):
        return self.ask("GET", path, **kwargs)

    def form(self, fields):
        """The body of a form, with the token of the portal's cookie."""
        if "csrftoken" not in self.cookies:
            self.get("/account/login/")
        return urlencode([*fields, ("csrfmiddlewaretoken", self.cookies["csrftoken"])])

    def post(self, path, fields, **headers):
        fields = fields.items() if isinstance(fields, dict) else fields
        form = "application/x-www-form-urlencoded"
        return self.ask("POST", path, self.form(fields), Content_Type=form, **headers)
