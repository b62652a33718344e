"""Two lines in an `env.py`, and every migration of a run has its timeouts: set in each transaction, and read back.

    from gatekeeper.apply.alembic import with_timeouts
    …
    with_timeouts(connection)  # before context.configure(connection=connection, …)

Unlike what `gatekeeper inject` writes, it holds for migrations that are not ours to change. A migration that sets
a timeout itself has the last word. Source: SQLAlchemy 2.0, "Core Events"; PostgreSQL 18, SET and "Client Connection
Defaults".
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatekeeper.config.durations import parse_duration
from gatekeeper.errors import GatekeeperError
from migrations_lint.outline import Piece, outline
from migrations_lint.timeouts import Timeouts, sets_in_force

if TYPE_CHECKING:
    from sqlalchemy import Connection

_SETTINGS = frozenset({("SET",), ("RESET",), ("SHOW",)})


class TimeoutNotInForce(GatekeeperError):
    """The server says something else than what was just set."""

    exit_code = 3

    def __init__(self, wanted: str, found: str) -> None:
        super().__init__(
            f"lock_timeout is {found}, although it was set to {wanted}",
            seen=["the migration was not begun"],
            next_step="Connect to the database itself, not to a pooler in front of it.",
        )


def with_timeouts(connection: "Connection", timeouts: Timeouts | None = None) -> None:
    """Set the timeouts of `[inject]`, or those given, for everything that is sent through this connection.

    SET LOCAL in each transaction; in an `autocommit_block()` a SET around each statement, where concurrent builds wait
    for locks as long as they have to. Raises ConfigError where the settings contradict each other; migrations then
    raise TimeoutNotInForce where the server does not have what was set.
    """
    from sqlalchemy import event

    session = _Session(timeouts or _configured())
    event.listen(connection, "before_cursor_execute", session.before)
    event.listen(connection, "after_cursor_execute", session.after)
    event.listen(connection, "commit", session.ended)
    event.listen(connection, "rollback", session.ended)


def _configured() -> Timeouts:
    from gatekeeper.config.load import load
    from gatekeeper.config.timeouts import timeouts_of

    return timeouts_of(load(None).inject)


@dataclass
class _Session:
    """What is in force: ours in the transaction that has `begun`, whose last statement was a `long` one or not.

    `limited` where the migration has set a statement_timeout there, `waits` where its SET of lock_timeout is in force.
    """

    timeouts: Timeouts
    begun: bool = False
    long: bool = False
    limited: bool = False
    waits: bool = False

    def before(self, connection: "Connection", cursor: Any, statement: str, *others: object) -> None:
        """Right before SQLAlchemy sends a statement."""
        pieces = outline(statement)
        is_autocommit = _is_autocommit(connection)
        if not pieces or (is_autocommit and self._is_theirs(pieces)):
            return
        is_long = all(piece.works_beside_traffic for piece in pieces)
        if is_autocommit:
            self._send(connection, *self._for_one(pieces, long=is_long))
        elif not self.begun:
            self._send(connection, *self.timeouts.local(long=is_long))
            self._read_back(connection)
        elif is_long is not self.long and not self.limited:
            self._send(connection, *self.timeouts.switched(long=is_long, local=True))
        self.begun, self.long = not is_autocommit, is_long
        self.limited = self.limited or any(piece.sets("STATEMENT_TIMEOUT") for piece in pieces)

    def after(self, connection: "Connection", cursor: Any, statement: str, *others: object) -> None:
        """What was set for one statement of an autocommit block goes with it."""
        pieces = outline(statement)
        if pieces and _is_autocommit(connection) and not self._is_theirs(pieces):
            self._send(connection, *self.timeouts.reset())
        self.waits = sets_in_force(pieces, "LOCK_TIMEOUT", before=self.waits)

    def ended(self, connection: "Connection") -> None:
        """A transaction is over, and with it what was local to it."""
        self.begun = self.long = self.limited = False

    def _is_theirs(self, pieces: tuple[Piece, ...]) -> bool:
        """Of an autocommit block: their SET and RESET, and everything between them."""
        return self.waits or all(piece.words[:1] in _SETTINGS for piece in pieces)

    def _for_one(self, pieces: tuple[Piece, ...], *, long: bool) -> tuple[str, ...]:
        if any(piece.stands_alone for piece in pieces):
            return ("SET lock_timeout = 0", *self.timeouts.alone())
        return self.timeouts.session(long=long)

    def _send(self, connection: "Connection", *statements: str) -> None:
        """Past SQLAlchemy, which would tell us of these too."""
        cursor = connection.connection.cursor()
        try:
            for statement in statements:
                cursor.execute(statement)
        finally:
            cursor.close()

    def _read_back(self, connection: "Connection") -> None:
        cursor = connection.connection.cursor()
        try:
            cursor.execute("SELECT current_setting('lock_timeout')")
            ((found,),) = cursor.fetchall()
        finally:
            cursor.close()
        if not _is_same(found, self.timeouts.wait):
            raise TimeoutNotInForce(self.timeouts.wait, found)


def _is_same(found: str, wanted: str) -> bool:
    return found != "0" and parse_duration(found) == parse_duration(wanted)


def _is_autocommit(connection: "Connection") -> bool:
    return bool(getattr(connection.connection.dbapi_connection, "autocommit", False))
