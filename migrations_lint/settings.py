"""What a team sets for the linter. A plain dataclass, so that linting without a file starts fast."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import PurePath
from typing import ClassVar, Literal

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
# Ends of names that say: not the thing itself, but a reference to it, or something that does not tell it.
_HARMLESS_ENDS = frozenset(
    {"id", "ids", "at", "count", "hash", "hashed", "encrypted", "cipher", "ciphertext", "masked"}
)


OFF = "off"

SeverityName = Literal["note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class PathSettings:
    """A `[[lint.path]]` table: what is different for files whose path fits one of the patterns.

    In a pattern `*` stands for any characters, slashes too; it fits a whole path, or the end of one after a slash.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    match: tuple[str, ...]
    """Patterns such as `legacy/*` or `*.down.sql`."""

    off: tuple[str, ...] = ()
    """Rules that find nothing there."""

    severity: tuple[tuple[str, SeverityName], ...] = ()
    """Pairs of a rule and the severity it gets there."""

    def fits(self, path: PurePath) -> bool:
        """Whether these settings hold for a file."""
        name = path.as_posix()
        return any(fnmatchcase(name, pattern) or fnmatchcase(name, f"*/{pattern}") for pattern in self.match)


@dataclass(frozen=True, slots=True)
class LintSettings:
    """The `[lint]` table of `gatekeeper.toml`."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    server_version: int = 15
    """Major version of the PostgreSQL that production runs (12 to 18)."""

    fail_on: SeverityName = "error"
    """The least severity that makes the exit code 1: note, warning or error."""

    off: tuple[str, ...] = ()
    """Rules that are not run at all."""

    on: tuple[str, ...] = ()
    """Rules that run only where they are named here, such as those for timeouts that a role usually sets."""

    severity: tuple[tuple[str, SeverityName], ...] = ()
    """Pairs of a rule and the severity it gets instead of its own."""

    timeout_set_by_runner: bool = False
    """Whether something outside the files (a role, a URL, the runner) sets lock_timeout for migrations."""

    rules: tuple[str, ...] = ()
    """Folders with rules of your own, each two files: `harm.py` with `@rule def harm(moment)`, and `harm.md`."""

    path: tuple[PathSettings, ...] = ()
    """Other settings for some paths; where several fit, the last one decides."""

    baseline: str = ""
    """The file of findings that were accepted when the tool was adopted. Empty: none."""

    snapshot: str = ""
    """The file that `gatekeeper stats pull` has written: sizes and schema of production. Empty: none."""

    scan_mb_per_second: float = 200.0
    """How many megabytes of a table production reads in a second, for estimates with a snapshot."""

    index_mb_per_second: float = 50.0
    """How many megabytes of a table are indexed in a second."""

    rewrite_mb_per_second: float = 25.0
    """How many megabytes of a table and its indexes are written anew in a second."""

    row_change_mb_per_second: float = 10.0
    """How many megabytes of rows an UPDATE or a DELETE goes through in a second."""

    note_below_seconds: float = 1.0
    """Harm that is over sooner, by a snapshot's sizes, is only a note."""

    quiet_below_seconds: float = 0.02
    """Harm that is over sooner still is not reported at all."""

    tenant_columns: tuple[str, ...] = ("tenant_id", "organization_id", "org_id", "clinic_id", "workspace_id")
    """Columns that say whose row it is; a table with one needs row level security where its siblings have it."""

    shared_tables: tuple[str, ...] = ()
    """Tables that have such a column and are for all tenants all the same."""

    sensitive_names: tuple[str, ...] = (
        "ssn", "social_security", "national_id", "passport", "tax_number", "date_of_birth", "birth_date", "birthdate",
        "dob", "mrn", "medical_record", "diagnosis", "diagnoses", "prescription", "medication", "allergy", "allergies",
        "insurance_number", "health_card", "iban", "card_number", "cvv", "genetic", "hiv", "religion", "ethnicity",
    )  # fmt: skip
    """Names, or words in names, of columns that hold sensitive data, such as personal health information."""

    classified_as: tuple[str, ...] = ("phi", "pii", "sensitive", "classified")
    """Words in a column's comment that say: it is known that this is sensitive, and how it is guarded."""

    audit_names: tuple[str, ...] = ("audit", "audits", "audited", "auditing", "audit_log", "history_log")
    """Names, or words in names, of tables and triggers that keep the audit trail."""

    def severity_at(self, rule: str, path: PurePath) -> str | None:
        """OFF, the severity that the settings give the rule in this file, or None for its own."""
        said: str | None = dict(self.severity).get(rule)
        for settings in self.path:
            if settings.fits(path):
                said = OFF if rule in settings.off else dict(settings.severity).get(rule, said)
        return said

    def named_rules(self) -> Iterator[str]:
        """Every rule that the settings name anywhere."""
        yield from (*self.off, *self.on, *(name for name, _ in self.severity))
        for settings in self.path:
            yield from (*settings.off, *(name for name, _ in settings.severity))

    def is_sensitive(self, column: str) -> bool:
        """Whether the column's name says that it holds sensitive data in clear."""
        return _has(column, self.sensitive_names) and _words(column)[-1] not in _HARMLESS_ENDS

    def is_audit(self, name: str) -> bool:
        """Whether the name is that of an audit table or trigger."""
        return _has(name, self.audit_names)


@cache
def _words(name: str) -> tuple[str, ...]:
    """`dateOfBirth` and `date_of_birth` are the same three words."""
    return tuple(word.lower() for word in _WORD.findall(name))


@cache
def _has(name: str, wanted: tuple[str, ...]) -> bool:
    text = f"_{'_'.join(_words(name))}_"
    return any(f"_{'_'.join(_words(one))}_" in text for one in wanted)
