"""A lock that is held for a moment is a warning where others may queue behind the wait for it, and a note where not."""

import pytest

from migrations_lint.engine import lint
from migrations_lint.model import Severity
from migrations_lint.settings import LintSettings
from tests.migrations_lint.scripts import migration

TABLES = migration(
    "CREATE TABLE clinics (id bigint PRIMARY KEY);"
    "CREATE TABLE rooms (id bigint PRIMARY KEY, clinic_id bigint CONSTRAINT rooms_clinic REFERENCES clinics);",
    name="1",
)


@pytest.mark.parametrize(
    ("rule", "statement"),
    [
        ("table-drop-locks-referenced-tables", "DROP TABLE rooms"),
        ("foreign-key-drop-locks-referenced-table", "ALTER TABLE rooms DROP CONSTRAINT rooms_clinic"),
    ],
)
def test_a_timeout_in_force_makes_it_a_note(rule: str, statement: str) -> None:
    def severity(sql: str, settings: LintSettings | None = None) -> Severity:
        found = lint([TABLES, migration(sql, name="2")], settings or LintSettings()).findings
        return next(finding.severity for finding in found if finding.rule == rule)

    assert severity(f"{statement};") is Severity.WARNING
    assert severity(f"SET LOCAL lock_timeout = '2s'; {statement};") is Severity.NOTE
    assert severity(f"{statement};", LintSettings(timeout_set_by_runner=True)) is Severity.NOTE
