"""A visitor with a real Chromium. The only file that knows Playwright; `python -m smoke.browser` names the browser."""

import hashlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Response, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from smoke.chromium import executable
from smoke.errors import BrowserMissing, BrowserStopped, NoAnswer, NotShown, TargetUnreachable
from smoke.model import Artifact
from smoke.probe import usable
from smoke.redact import clean, scan

_ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
_UNREACHED = {
    "ERR_CONNECTION_REFUSED": "connection refused: nothing listens on that port",
    "ERR_NAME_NOT_RESOLVED": "the host's name is not known (DNS)",
    "ERR_CONNECTION_TIMED_OUT": "the connection was not accepted in time",
    "ERR_ADDRESS_UNREACHABLE": "there is no way to that address",
    "ERR_INTERNET_DISCONNECTED": "this machine has no network",
    "ERR_CONNECTION_RESET": "the connection was closed before an answer came",
    "ERR_EMPTY_RESPONSE": "the connection was closed before an answer came",
}
_REFUSED = {"ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE"}
_SCREENSHOT_SECONDS = 5.0
_SCREENSHOT_TRIES = 3
_MOST_TEXT = 200

# Marks what a screenshot must not show and returns the text that it will show. Once somebody may be logged in,
# any text can be a patient's name, so only the words of the form itself stay readable.
_MASK = """loggedIn => {
  const always = 'input, textarea, select, img, picture, canvas, video, iframe, object, embed, [data-phi], '
    + '[contenteditable], td, dd, option';
  const readable = 'label, button, legend, [role=alert], [role=button]';
  const ownText = element => [...element.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim());
  for (const element of document.body.querySelectorAll('*')) {
    const hides = element.matches(always) || element.shadowRoot
      || getComputedStyle(element).backgroundImage.includes('url(')
      || (loggedIn && ownText(element) && !element.closest(readable));
    if (hides) element.setAttribute('data-gatekeeper-mask', '');
  }
  const shown = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode())
    if (!walker.currentNode.parentElement.closest('[data-gatekeeper-mask], script, style'))
      shown.push(walker.currentNode.data);
  return shown.join(' ');
}"""


class Visit:
    """One visitor's page, from the first request to its evidence; what it gives away is scrubbed."""

    def __init__(self, page: Page, url: str, deadline: float, secrets: Sequence[str]) -> None:
        self._page, self._url, self._deadline, self._secrets = page, url, deadline, tuple(secrets)
        self._logged_in = False
        self.console_errors: list[str] = []
        self.failed_requests: list[str] = []
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.console_errors.append(self._scrubbed(error.message)))
        page.on("requestfailed", self._note_failure)
        page.on("response", self._note_response)

    def open(self, path: str) -> None:
        """Load a page of the site; raises TargetUnreachable, or NoAnswer for a status of 400 and above."""
        with self._translated(f"{path} did not load"):
            url = urljoin(self._url.rstrip("/") + "/", path.lstrip("/"))
            response = self._page.goto(url, timeout=self._left(), wait_until="load")
        if response is not None and response.status >= 400:
            raise NoAnswer(f"{path} answered {response.status}")

    def settle(self, seconds: float) -> None:
        """Wait until the page asks for nothing more, or until the time is over."""
        with suppress(PlaywrightTimeout), self._translated("the page did not come to rest", passes_timeout=True):
            self._page.wait_for_load_state("networkidle", timeout=min(self._left(), seconds * 1000))

    def type_into(self, label: str, text: str) -> None:
        """Fill the field with that label, as a user finds it."""
        field = "input:visible, textarea:visible"
        with self._translated(f"no field labelled {label!r} that can be filled on {self.path}"):
            loose = self._page.get_by_label(label).and_(self._page.locator(field))
            loose.first.wait_for(timeout=self._left())
            exact = self._page.get_by_label(label, exact=True).and_(self._page.locator(field))
            (exact if exact.count() else loose).first.fill(text, timeout=self._left())

    def press(self, button: str) -> None:
        """Press the button with that name; a password has been sent from here on, as far as we know."""
        self._logged_in = True
        with self._translated(f"no button {button!r} that can be pressed on {self.path}"):
            self._best(self._page.get_by_role("button", name=button)).click(timeout=self._left())

    def see(self, role: str, name: str) -> None:
        """Wait until something of that role and name shows; an empty role looks for the text alone."""
        sought = f"{role or 'text'} {name!r}"
        with self._translated(f"expected {sought}, which did not show"):
            found = self._page.get_by_role(role, name=name) if role else self._page.get_by_text(name)  # type: ignore[arg-type]  # any role of ARIA
            found.first.wait_for(timeout=self._left())

    @property
    def path(self) -> str:
        """Where the visitor is now, without the query, which may say who it is."""
        return self._scrubbed(urlsplit(self._page.url).path or "/")

    @property
    def alerts(self) -> tuple[str, ...]:
        """What the page itself reports as wrong."""
        try:
            texts = self._page.get_by_role("alert").all_inner_texts()
        except PlaywrightError:
            return ()
        return tuple(self._scrubbed(text.strip()) for text in texts if text.strip())

    def evidence(self, name: str, folder: Path) -> tuple[Artifact, ...]:
        """A masked screenshot and what went wrong on the way, as far as both can be proven clean."""
        lines = [*self.failed_requests, *self.console_errors]
        picture = None
        try:
            picture = self._picture()
        except PlaywrightError as error:
            lines.append(f"no screenshot: {type(error).__name__}")
        if picture is None:
            lines.append("no screenshot: the page could not be proven free of secrets and personal data")
        found = [_kept(folder, name, "screenshot", "png", picture)] if picture else []
        if lines:
            found.append(_kept(folder, name, "console", "txt", "\n".join([*lines, ""]).encode()))
        return tuple(found)

    def _picture(self) -> bytes | None:
        """A picture of a page that stood still and whose readable text is clean; None where there was none."""
        for _ in range(_SCREENSHOT_TRIES):
            before = self._page.evaluate(_MASK, self._logged_in)
            masked = [self._page.locator("[data-gatekeeper-mask]")]
            picture = self._page.screenshot(
                mask=masked, mask_color="#777777", animations="disabled", timeout=_SCREENSHOT_SECONDS * 1000
            )
            if before == self._page.evaluate(_MASK, self._logged_in):
                return None if scan(before, self._secrets) else picture
        return None

    def _best(self, found: Locator) -> Locator:
        found.first.wait_for(timeout=self._left())
        return found.first

    def _left(self) -> float:
        return max(1.0, (self._deadline - time.monotonic()) * 1000)

    def _note_console(self, message: ConsoleMessage) -> None:
        # What fails to load is noted with its path by _note_failure and _note_response.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.console_errors.append(self._scrubbed(message.text))

    def _note_failure(self, request: Request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):  # the page itself took it back, or moved on
            self.failed_requests.append(f"{self._shown(request)} failed: {request.failure}")

    def _note_response(self, response: Response) -> None:
        if response.status >= 400 and not response.url.endswith("/favicon.ico"):
            self.failed_requests.append(f"{self._shown(response.request)} answered {response.status}")

    def _shown(self, request: Request) -> str:
        parts = urlsplit(request.url)
        host = "" if parts.netloc == urlsplit(self._url).netloc else f"{parts.scheme}://{parts.hostname}"
        return f"{request.method} {self._scrubbed(host + parts.path)}"

    def _scrubbed(self, text: str) -> str:
        return clean(text, self._secrets)[:_MOST_TEXT]

    @contextmanager
    def _translated(self, problem: str, *, passes_timeout: bool = False) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        except PlaywrightTimeout as error:
            if passes_timeout:
                raise
            raise NotShown(f"{problem} within {time.monotonic() - began:.1f} s") from error
        except PlaywrightError as error:
            raise self._network_error(error.message) from error

    def _network_error(self, message: str) -> Exception:
        parts = urlsplit(self._url)
        for code, reason in _UNREACHED.items():
            if code in message:
                shown = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
                return TargetUnreachable(shown, reason, refused=code in _REFUSED)
        first_line = self._scrubbed(message.partition("\n")[0])
        return NoAnswer(first_line) if "net::ERR_" in message else BrowserStopped(first_line)


class _Chromium:
    """One browser, started when first asked for, started anew where it has died."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._browser: Browser | None = None

    def __enter__(self) -> "_Chromium":
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._browser = None
        with suppress(PlaywrightError):  # a browser that has died cannot be closed either
            self._open.close()

    def browser(self) -> Browser:
        if self._browser is None or not self._browser.is_connected():
            self.__exit__(None, None, None)
            self._browser = self._started()
        return self._browser

    def _started(self) -> Browser:
        program = executable(os.environ)
        playwright = self._open.enter_context(sync_playwright())
        try:
            browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        except PlaywrightError as error:
            raise BrowserStopped(f"{program} did not start: {error.message.partition(chr(10))[0]}") from error
        self._open.callback(browser.close)
        return browser


_SHARED: ContextVar[_Chromium | None] = ContextVar("_SHARED", default=None)


@contextmanager
def shared() -> Iterator[None]:
    """Within this block all visits use one Chromium; it is gone afterwards."""
    if _SHARED.get() is not None:
        yield
        return
    with _Chromium() as chromium:
        token = _SHARED.set(chromium)
        try:
            yield
        finally:
            _SHARED.reset(token)


@contextmanager
def visit(url: str, deadline: float, secrets: Sequence[str]) -> Iterator[Visit]:
    """A new visitor, without cookies, whose every step ends at `deadline` (`time.monotonic`)."""
    with shared():
        chromium = _SHARED.get()
        assert chromium is not None
        context = chromium.browser().new_context(accept_downloads=False)
        try:
            yield Visit(context.new_page(), usable(url), deadline, secrets)
        finally:
            with suppress(PlaywrightError):
                context.close()


def running_version() -> str:
    """Start a Chromium and ask what it is; raises BrowserMissing or BrowserStopped."""
    with shared():
        chromium = _SHARED.get()
        assert chromium is not None
        return f"Chromium {chromium.browser().version}"


def _kept(folder: Path, name: str, kind: str, suffix: str, content: bytes) -> Artifact:
    digest = hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    safe = "".join(character if character.isalnum() else "-" for character in name)
    path = folder / f"{safe}-{digest[:12]}.{suffix}"
    path.write_bytes(content)
    return Artifact(kind, path, digest)


def main() -> int:
    """Print which browser the checks would use; 3 where there is none."""
    try:
        sys.stdout.write(f"{executable(os.environ)}\n")
    except BrowserMissing as error:
        sys.stderr.write(f"smoke: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
