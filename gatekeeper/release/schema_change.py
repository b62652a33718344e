"""What the migrations of a release do to the schema, told by the linter's facts."""

from collections.abc import Collection, Iterator, Sequence

from migrations_lint.catalog import replay
from migrations_lint.facts import Scene, facts_of
from migrations_lint.model import Fact, Migration, Unknown
from migrations_lint.parse import parse
from migrations_lint.snapshot import SchemaSnapshot


def facts_of_release(history: Sequence[Migration], ids: Collection[str], server_version: int) -> Iterator[Fact]:
    """The facts of the ways up of the migrations in `ids`; the others only tell what was there before."""
    schema = SchemaSnapshot()
    for migration in history:
        for fact in _facts(migration, schema, server_version):
            if migration.id in ids:
                yield fact


def _facts(migration: Migration, schema: SchemaSnapshot, server_version: int) -> Iterator[Fact]:
    for problem in migration.problems:
        yield Unknown(problem.message)
    for fragment in migration.up.fragments:
        parsed = parse(fragment)
        yield from (Unknown(error.problem) for error in parsed.errors)
        for statement in parsed.statements:
            facts = facts_of(statement, Scene(schema, server_version, ("public",)))
            yield from facts
            replay(facts, schema)
