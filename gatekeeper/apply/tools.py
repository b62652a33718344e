"""Which migration tool a command starts, how it is told its database, and whether it may be run again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, slots=True)
class Tool:
    """A migration tool as we must know it to guard it.

    `variables` are those from which it takes its URL. `reads_libpq_variables` says that its driver obeys PGOPTIONS and
    PGAPPNAME (libpq; node-postgres, lib/pq and sqlx as well); the URL of any other has to carry them. Where the whole
    command may not be run again just so, `stuck` says what to do by hand.
    """

    name: str
    variables: tuple[str, ...] = ()
    reads_libpq_variables: bool = True
    is_jdbc: bool = False
    stuck: str = ""

    @property
    def may_run_again(self) -> bool:
        """After it gave way, the same command goes on where it stopped."""
        return not self.stuck


_PRISMA_STUCK = (
    "Prisma keeps a note of the migration that gave way and refuses the next until it is taken back: run "
    "`prisma migrate resolve --rolled-back NAME`, then the same command again."
)
_GOLANG_MIGRATE_STUCK = (
    "golang-migrate marks the version that gave way as dirty: run `migrate force VERSION` with the version before it, "
    "then the same command again."
)
_UNKNOWN_STUCK = "Whether this command may be run again only you know; it was run once."

_TOOLS = {
    "alembic": Tool("alembic"),
    "manage.py": Tool("django"),
    "django-admin": Tool("django"),
    "sqitch": Tool("sqitch"),
    "diesel": Tool("diesel", ("DATABASE_URL",)),
    "dbmate": Tool("dbmate", ("DATABASE_URL",)),
    "node-pg-migrate": Tool("node-pg-migrate", ("DATABASE_URL",)),
    "sqlx": Tool("sqlx", ("DATABASE_URL",)),
    "goose": Tool("goose", ("GOOSE_DBSTRING",), reads_libpq_variables=False),
    "flyway": Tool("flyway", ("FLYWAY_URL",), reads_libpq_variables=False, is_jdbc=True),
    "prisma": Tool("prisma", ("DATABASE_URL",), reads_libpq_variables=False, stuck=_PRISMA_STUCK),
    "golang-migrate": Tool("golang-migrate", stuck=_GOLANG_MIGRATE_STUCK),
}


def tool_of(words: Sequence[str]) -> Tool:
    """The tool that a command starts, also through `npx`, `python -m`, `poetry run` and the like.

    `migrate` is golang-migrate's program only as the first word; elsewhere it is a subcommand. There is a first word.
    """
    names = [PurePath(word).name for word in words]
    if names[:1] == ["migrate"]:
        return _TOOLS["golang-migrate"]
    known = next((_TOOLS[name] for name in names if name in _TOOLS), None)
    return known or Tool(names[0], ("DATABASE_URL",), reads_libpq_variables=False, stuck=_UNKNOWN_STUCK)
