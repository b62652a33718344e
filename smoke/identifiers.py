"""Numbers that belong to a person: social security numbers, NPIs, payment cards. Their check digits are stdnum's."""

import re
from collections.abc import Iterator

from stdnum import luhn
from stdnum.us import ssn

_SSN = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
# Ten digits are as well a time in seconds, so only what is called an NPI is taken for one.
_NPI = re.compile(r"(?i)\bnpi\b\W{0,6}(?:is\W{1,3}|number\W{1,3})?(?P<number>[12]\d{9})(?!\d)")
_PREFIX_OF_NPI = "80840"  # 45 CFR 162.406: the check digit is counted with the prefix of the United States
_CARD = re.compile(
    r"(?<![\d.-])(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6011|65\d{2})[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}(?![\d-])"
    r"|(?<![\d.-])3[47]\d{2}[ -]?\d{6}[ -]?\d{5}(?![\d-])"
)


def identifiers_in(text: str) -> Iterator[str]:
    """The kinds of such numbers that the text shows, each once."""
    if any(ssn.is_valid(found[0]) for found in _SSN.finditer(text)):
        yield "social security number"
    if any(luhn.is_valid(_PREFIX_OF_NPI + found["number"]) for found in _NPI.finditer(text)):
        yield "NPI"
    if any(luhn.is_valid(re.sub(r"[ -]", "", found[0])) for found in _CARD.finditer(text)):
        yield "card number"
