"""Secrets and personal health information never reach a log or an artifact: scrub, then scan again.

Scrubbing knows the spellings in which a secret travels and the shapes of personal data. Scanning goes the other
way: it undoes those spellings, as often as they are nested, and looks for the plain value. What still shows
something after scrubbing is withheld as a whole.
"""

import base64
import binascii
import html
import json
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote, quote_plus, unquote_plus

MARK = "[redacted]"
WITHHELD = "[withheld: it could not be proven free of secrets and personal data]"

_NESTED_SPELLINGS = 3
_SHORTEST_BASE64 = 6  # shorter pieces of a secret in base64 match by chance
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_CARD = re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?!\d)")
_QUERY = re.compile(r"(?P<url>(?:https?:/)?/[^\s?#\"'<>]*)\?(?!\[redacted\])[^\s\"'<>]+")
_PATTERNS = {
    "cookie": re.compile(r"(?im)\b(?:set-)?cookie\b\"?\s*[:=]\s*(?!\[redacted\])[^\r\n]+"),
    "authorization": re.compile(r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"),
    "JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
    "user information in a URL": re.compile(r"(?i)(?<=://)[^/\s@\"']+@"),
    "e-mail address": re.compile(r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"),
    "social security number": re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"),
}


def scrub(text: str, secrets: Sequence[str] = ()) -> str:
    """Replace every known secret, in every spelling, and everything of the shape of personal data."""
    known = sorted({spelling for secret in secrets for spelling in spellings(secret)}, key=len, reverse=True)
    if known:
        text = re.sub("|".join(map(re.escape, known)), MARK, text, flags=re.IGNORECASE)
    text = _QUERY.sub(rf"\g<url>?{MARK}", text)
    for pattern in _PATTERNS.values():
        text = pattern.sub(MARK, text)
    return _CARD.sub(lambda match: MARK if has_check_digit(match[0]) else match[0], text)


def scan(text: str, secrets: Sequence[str] = ()) -> tuple[str, ...]:
    """The kinds of secrets and personal data that `text` shows, none where it is clean."""
    bare = text.replace(MARK, " ")
    decoded = [one.casefold() for one in _decoded(bare)]
    kinds = [kind for kind, pattern in _PATTERNS.items() if any(pattern.search(one) for one in _plain(bare))]
    if any(has_check_digit(match[0]) for match in _CARD.finditer(bare)):
        kinds.append("card number")
    if any(secret.casefold() in one for secret in secrets if secret for one in decoded):
        kinds.append("secret")
    return tuple(kinds)


def clean(text: str, secrets: Sequence[str] = ()) -> str:
    """The scrubbed text, or a note that it was withheld because something still showed."""
    scrubbed = scrub(text, secrets)
    return WITHHELD if scan(scrubbed, secrets) else scrubbed


def spellings(secret: str) -> frozenset[str]:
    """The ways in which a secret is written in URLs, JSON, HTML and, wherever it starts, in base64."""
    if not secret:
        return frozenset()
    written = {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
    }
    return frozenset(written | set(_in_base64(secret.encode())))


def has_check_digit(number: str) -> bool:
    """Whether the last digit is the one that Luhn's rule asks for, as on every payment card."""
    digits = [int(character) for character in number if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return any(digits) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _in_base64(secret: bytes) -> Iterator[str]:
    """The characters that depend on the secret alone, for each place in a group of three where it may begin."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + secret).decode()
        first = -(-before * 8 // 6)
        last = (before + len(secret)) * 8 // 6
        if last - first >= _SHORTEST_BASE64:
            yield text[first:last]
            yield text[first:last].translate(str.maketrans("+/", "-_"))


def _plain(text: str) -> Iterator[str]:
    """The text as it stands, and with URL, HTML and JSON spellings undone, again and again."""
    for _ in range(_NESTED_SPELLINGS):
        yield text
        undone = _without_json_escapes(html.unescape(unquote_plus(text)))
        if undone == text:
            return
        text = undone
    yield text


def _decoded(text: str) -> Iterator[str]:
    for plain in _plain(text):
        yield plain
        for run in _BASE64_RUN.finditer(plain):
            yield from _from_base64(run[0])


def _from_base64(run: str) -> Iterator[str]:
    standard = run.translate(str.maketrans("-_", "+/"))
    for start in range(4):
        piece = standard[start:]
        piece = piece[: len(piece) // 4 * 4]
        try:
            yield base64.b64decode(piece).decode("utf-8", errors="replace")
        except binascii.Error:
            continue


def _without_json_escapes(text: str) -> str:
    short = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}

    def character(match: re.Match[str]) -> str:
        code = match["code"]
        return chr(int(code, 16)) if code else short.get(match["short"], match["short"])

    return re.sub(r"\\(?:u(?P<code>[0-9a-fA-F]{4})|(?P<short>[\"\\/bfnrt]))", character, text)
