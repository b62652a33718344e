"""The site's certificate is trusted, is its own, and is good for some time yet."""

import socket
import ssl
import time
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from smoke.checks import Answer, Asking, Question
from smoke.errors import NoAnswer, TargetUnreachable
from smoke.model import Verdict
from smoke.probe import why_insecure

_DAY = 86400


@dataclass(frozen=True, slots=True)
class Tls:
    """`host` and `port` are the site's where they are not set; `ca_file` has the roots of a private authority."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    days: int = 14
    host: str = ""
    port: int = 0
    ca_file: str = ""

    def ask(self, asking: Asking) -> Answer:
        """Shake hands once, as a browser would."""
        site = urlsplit(asking.target.url)
        host = self.host or site.hostname or ""
        port = self.port or (site.port if site.scheme == "https" else None) or 443
        certificate, protocol = self._shaken(host, port, asking.seconds_left)
        left = (ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) / _DAY
        told = f"the certificate of {host} is good for {left:.0f} days"
        if left < self.days:
            return Answer(Verdict.FAIL, f"{told}, expected at least {self.days}")
        return Answer(Verdict.PASS, f"{told}, {protocol}")

    def _shaken(self, host: str, port: int, seconds: float) -> tuple[dict[str, object], str]:
        shown = f"{host}:{port}"
        try:
            trust = ssl.create_default_context(cafile=self.ca_file or None)
        except OSError as error:
            raise NoAnswer(f"ca_file {self.ca_file} cannot be read: {error.strerror or error}") from error
        try:
            with (
                socket.create_connection((host, port), max(seconds, 0.1)) as line,
                trust.wrap_socket(line, server_hostname=host) as secured,
            ):
                return dict(secured.getpeercert() or {}), secured.version() or ""
        except ssl.SSLError as error:
            raise NoAnswer(f"{shown} cannot be trusted: {why_insecure(error)}") from error
        except TimeoutError as error:
            raise NoAnswer(f"{shown}: no handshake within {seconds:.1f} s") from error
        except OSError as error:
            refused = isinstance(error, ConnectionRefusedError)
            raise TargetUnreachable(shown, str(error.strerror or error), refused=refused) from error


CHECK: type[Question] = Tls
