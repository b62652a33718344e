"""Sites that hang, drip, go round in circles, never stop or cannot be trusted: each ends in a verdict, in time."""

import datetime as dt
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from smoke.model import Verdict
from tests.pages import ROOT
from tests.smoke.conftest import ask_all, ask_one, entry
from tests.smoke.stand import Stand

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"
GIGABYTE = 1024**3
Talk = Callable[[socket.socket], None]


@contextmanager
def listening(talk: Talk) -> Iterator[str]:
    """A server that says whatever `talk` says, to each that connects, until it is hung up on."""
    over = threading.Event()

    def answer(line: socket.socket) -> None:
        with line, suppress(OSError):
            talk(line)

    def serve() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                line, _ = server.accept()
                threading.Thread(target=answer, args=(line,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def hang(line: socket.socket) -> None:
    while line.recv(65536):
        pass


def drip_headers(line: socket.socket) -> None:
    line.recv(65536)
    line.sendall(HEAD)
    while True:
        line.sendall(b"x-drip: 1\r\n")
        time.sleep(0.05)


def drip_body(line: socket.socket) -> None:
    line.recv(65536)
    line.sendall(HEAD + b"\r\n")
    while True:
        line.sendall(b".")
        time.sleep(0.05)


def pour(line: socket.socket) -> None:
    line.recv(65536)
    line.sendall(HEAD + f"content-length: {GIGABYTE}\r\n\r\n".encode())
    for _ in range(1024):
        line.sendall(b"a" * (GIGABYTE // 1024))


def circle(line: socket.socket) -> None:
    line.recv(65536)
    line.sendall(b"HTTP/1.1 302 Found\r\nlocation: /round\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (hang, "no answer within"),
        (drip_headers, "no answer within"),
        (drip_body, "no answer within"),
        (pour, "the answer is larger than 1048576 bytes"),
        (circle, "more than 5 redirects"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_site_that_misbehaves_fails_within_the_deadline(talk: Talk, reason: str) -> None:
    with listening(talk) as url:
        began = time.monotonic()
        [outcome] = ask_all(url, entry("health", timeout_seconds=0.6), seconds=20).outcomes

    assert outcome.verdict is Verdict.FAIL
    assert reason in outcome.message
    assert time.monotonic() - began < 10


def test_the_whole_run_ends_at_its_deadline_however_many_checks_hang() -> None:
    entries = [replace(entry("health"), name=f"page {number}") for number in range(8)]
    with listening(hang) as url:
        began = time.monotonic()
        report = ask_all(url, *entries, entry("latency"), seconds=1.0)

    assert report.verdict in {Verdict.FAIL, Verdict.INCONCLUSIVE}
    assert {outcome.verdict for outcome in report.outcomes} <= {Verdict.FAIL, Verdict.INCONCLUSIVE}
    assert time.monotonic() - began < 8


def test_whoever_gives_up_is_not_kept_waiting_and_leaves_no_process(tmp_path: Path) -> None:
    settings = tmp_path / "smoke.toml"
    checks = "".join(f'[[smoke.check]]\nuse = "health"\nname = "{name}"\ntimeout_seconds = 60\n' for name in "ab")
    with listening(hang) as url:
        settings.write_text(f'[smoke]\nurl = "{url}"\ncontrol_url = "{url}"\n{checks}')
        command = [sys.executable, "-m", "smoke", "--config", str(settings)]
        running = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert running.stderr is not None
        first = [running.stderr.readline() for _ in "ab"]
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=30)

    assert first == ["asking a …\n", "asking b …\n"]
    assert (running.returncode, errors.splitlines()[-1]) == (130, "stopped")
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)


@contextmanager
def secured(
    clinic: Stand, folder: Path, *, name: str = "127.0.0.1", days: int = 90, since: int = 1
) -> Iterator[tuple[str, str]]:
    """The clinic behind TLS with a certificate of our own; its URL, and the file with the authority's root."""
    port = int(clinic.url.rpartition(":")[2])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*_certificate(folder, name, days, since))

    def pass_on(line: socket.socket) -> None:
        inside = ("127.0.0.1", port)
        with context.wrap_socket(line, server_side=True) as client, socket.create_connection(inside) as inner:
            inner.sendall(client.recv(65536))
            while piece := inner.recv(65536):
                client.sendall(piece)

    with listening(pass_on) as url:
        yield url.replace("http:", "https:"), str(folder / "root.pem")


def _certificate(folder: Path, name: str, days: int, since: int) -> tuple[Path, Path]:
    now = dt.datetime.now(dt.UTC)
    root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of tests")])

    def made(subject: x509.Name, holder: ec.EllipticCurvePublicKey, start: int, end: int) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(authority).public_key(holder)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=start))
        return builder.not_valid_after(now + dt.timedelta(days=end))

    ca = made(authority, root.public_key(), 400, 400)
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    ca = ca.add_extension(x509.SubjectKeyIdentifier.from_public_key(root.public_key()), critical=False)
    alternative: x509.GeneralName = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    site = made(x509.Name([]), key.public_key(), since, days)
    site = site.add_extension(x509.SubjectAlternativeName([alternative]), critical=True)
    site = site.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False)
    pem, private, trusted = folder / "site.pem", folder / "site.key", folder / "root.pem"
    pem.write_bytes(site.sign(root, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    trusted.write_bytes(ca.sign(root, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, private


def test_a_trusted_certificate_passes_until_it_is_nearly_over(clinic: Stand, tmp_path: Path) -> None:
    with secured(clinic, tmp_path) as (url, root):
        good = ask_one(url, "tls", ca_file=root)
        over_soon = ask_one(url, "tls", ca_file=root, days=120)
        unknown = ask_one(url, "tls")

    assert good.verdict is Verdict.PASS, good.message
    assert "is good for 90 days, expected at least 120" in over_soon.message
    assert (unknown.verdict, "cannot be trusted: unable to get local issuer" in unknown.message) == (Verdict.FAIL, True)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"name": "elsewhere.example"}, "IP address mismatch, certificate is not valid for '127.0.0.1'"),
        ({"since": 30, "days": -1}, "certificate has expired"),
    ],
)
def test_a_wrong_certificate_is_the_sites_failure_and_says_why(
    clinic: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], reason: str
) -> None:
    with secured(clinic, tmp_path, **options) as (url, root):  # type: ignore[arg-type]
        monkeypatch.setenv("SSL_CERT_FILE", root)
        handshake = ask_one(url, "tls", ca_file=root)
        page = ask_one(url, "health")

    assert (handshake.verdict, page.verdict) == (Verdict.FAIL, Verdict.FAIL)
    assert reason in handshake.message
    assert f"GET /api/health: no secure connection: {reason}" in page.message


def test_a_private_authority_is_trusted_where_the_environment_names_it(
    clinic: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with secured(clinic, tmp_path) as (url, root):
        monkeypatch.setenv("SSL_CERT_FILE", root)

        assert ask_one(url, "health").verdict is Verdict.PASS
