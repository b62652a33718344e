"""The table of locks in the docs: statement, locks, work, since which version; made from the forms and the facts.

The same forms are what `test_facts_match_postgres.py` observes on real servers.
`python -m tests.migrations_lint.lock_table` writes the page anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from migrations_lint.catalog import replay
from migrations_lint.facts import Scene, facts_of
from migrations_lint.model import Certainty, Fact, LockFact, NeedsNoTransaction, Work
from migrations_lint.parse import parse
from migrations_lint.snapshot import SchemaSnapshot
from tests.migrations_lint.forms import Form, forms, setup
from tests.migrations_lint.scripts import script
from tests.pages import ROOT

PAGE = ROOT / "docs" / "reference" / "locks.md"
VERSIONS = range(12, 19)
_INTRODUCTION = """\
# What each statement locks

Made from `tests/migrations_lint/forms/` by `python -m tests.migrations_lint.lock_table`; do not edit it by hand.

Each row is predicted by the linter and observed on real servers, PostgreSQL 18 and whichever others are at hand,
against the schema of `setup.sql` and `further_setup.sql` in that folder. Locks are held until the transaction ends. The
work is what PostgreSQL does to the rows meanwhile: nothing is written for what is instant. _May_ marks a lock that
depends on the rows, or work that depends on what a file cannot tell (a time zone, a storage setting). **Alone** stands
where the statement is refused inside a transaction.

## What changed, and when

| version | change | source |
|---|---|---|
| 12 | `SET NOT NULL` reads no row where a valid `CHECK (column IS NOT NULL)` proves it; `REINDEX CONCURRENTLY`; \
`ADD VALUE` in a transaction; `timestamp` to `timestamptz` without a rewrite where the time zone is UTC | \
[release notes](https://www.postgresql.org/docs/release/12.0/) |
| 13 | `DROP EXPRESSION`; partitioned tables in publications; `gen_random_uuid()` without an extension | \
[release notes](https://www.postgresql.org/docs/release/13.0/) |
| 14 | `DETACH PARTITION … CONCURRENTLY`; `DETACH` keeps readers of the part out; `REINDEX` of partitioned tables; \
`CREATE OR REPLACE TRIGGER`; column compression | [release notes](https://www.postgresql.org/docs/release/14.0/) |
| 15 | `SET ACCESS METHOD`; `CLUSTER` of partitioned tables; `MERGE`; `NULLS NOT DISTINCT`; sequences follow \
`SET UNLOGGED` | [release notes](https://www.postgresql.org/docs/release/15.0/) |
| 16 | `SET STORAGE DEFAULT` | [release notes](https://www.postgresql.org/docs/release/16.0/) |
| 17 | `SET EXPRESSION` | [release notes](https://www.postgresql.org/docs/release/17.0/) |
| 18 | `NOT NULL … NOT VALID`, `NOT ENFORCED`, virtual generated columns, foreign keys `NOT VALID` on partitioned \
tables; `GRANT` locks the tables it names | [release notes](https://www.postgresql.org/docs/release/18.0/) |

Where a row says what older versions do, and no release note does, it was observed on them.
"""
_HEAD = "| statement | locks and work | since | in older versions |\n|---|---|---|---|"


@dataclass(frozen=True)
class Row:
    """A statement with what it does in PostgreSQL 18, and in the versions before that where they differ."""

    form: Form
    now: str
    before: tuple[tuple[range, str], ...]

    def __str__(self) -> str:
        sql = self.form.sql.replace("|", "\\|")
        before = "; ".join(f"{_span(versions)}: {text}" for versions, text in self.before)
        return f"| `{sql}` | {self.now} | {self.form.since or ''} | {before} |"


def rows() -> Iterator[Row]:
    """One for each statement form, in their order."""
    for form in forms():
        said = {version: _said(form.sql, version) for version in VERSIONS if version >= form.since}
        yield Row(form, said[VERSIONS[-1]], tuple(_differences(said)))


def _differences(said: dict[int, str]) -> Iterator[tuple[range, str]]:
    """The spans of versions that do something else than the newest, the oldest first."""
    begin = min(said)
    for version in said:
        if said.get(version + 1) != said[version]:
            if said[version] != said[VERSIONS[-1]]:
                yield range(begin, version + 1), said[version]
            begin = version + 1


def _said(sql: str, version: int) -> str:
    (statement,) = parse(script(sql).fragments[0]).statements
    facts = facts_of(statement, Scene(_schema(version), version))
    alone = ["**alone**"] if any(isinstance(fact, NeedsNoTransaction) for fact in facts) else []
    locks = [_lock(fact) for fact in sorted(_locks(facts), key=lambda lock: (-lock.mode.rank, lock.relation))]
    return "; ".join([*alone, *locks]) or "no table"


def _locks(facts: tuple[Fact, ...]) -> list[LockFact]:
    return [fact for fact in facts if isinstance(fact, LockFact)]


def _lock(lock: LockFact) -> str:
    name = lock.relation.name if lock.relation.schema == "public" else str(lock.relation)
    work = "" if lock.work is Work.INSTANT else f", {lock.work.value}"
    new = " (new)" if lock.created_here else ""
    perhaps = " _may_" if lock.certainty is Certainty.ASSUMED and not lock.created_here else ""
    return f"{name}{new}{perhaps} {lock.mode.value}{work}"


@cache
def _schema(version: int) -> SchemaSnapshot:
    schema = SchemaSnapshot()
    for statement in parse(script(setup(version)).fragments[0]).statements:
        replay(facts_of(statement, Scene(schema, version)), schema)
    return schema


def _span(versions: range) -> str:
    return str(versions[0]) if len(versions) == 1 else f"{versions[0]}–{versions[-1]}"


def page() -> str:
    """The whole page as Markdown."""
    parts = [_INTRODUCTION]
    heading = None
    for row in rows():
        if row.form.heading != heading:
            heading = row.form.heading
            parts.append(f"\n## {heading}\n\n{_HEAD}")
        parts.append(str(row))
    return "\n".join(parts) + "\n"


def write(path: Path = PAGE) -> None:
    """Write the page anew."""
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
