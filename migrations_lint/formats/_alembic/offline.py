"""A connection to no server: everything sent to it is recorded, and every question finds an empty database."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from alembic.ddl.postgresql import PostgresqlImpl
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspection, text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.exc import CompileError, NoResultFound, NoSuchTableError
from sqlalchemy.sql.ddl import BaseDDLElement
from sqlalchemy.sql.elements import TextClause

from migrations_lint.formats._alembic.recorder import Recorder

_ON_A_SERVER = "Run `gatekeeper verify`: on a real server everything that this migration does is seen."


class OfflineConnection(MockConnection):
    """What `op.get_bind()` gives: it executes by writing down."""

    def __init__(self, dialect: Dialect, recorder: Recorder) -> None:
        super().__init__(dialect, self._record)
        self.recorder = recorder

    def exec_driver_sql(self, statement: str, parameters: Any = None, **_: Any) -> "NoRows":
        """SQL in the driver's own words."""
        if parameters:
            self.recorder.problem("values are given to the driver, not to the SQL; they are left out", _ON_A_SERVER)
        self.recorder.take(statement.strip())
        return NoRows(self.recorder)

    def scalar(self, statement: Any, parameters: Any = None, **_: Any) -> None:
        """One value, which nobody has."""
        self.execute(statement, parameters).scalar()

    def scalars(self, statement: Any, parameters: Any = None, **_: Any) -> "NoRows":
        """A column, which is empty."""
        rows: NoRows = self.execute(statement, parameters)
        return rows

    @contextmanager
    def begin(self) -> Iterator["OfflineConnection"]:
        """The transaction is Alembic's; one inside it changes nothing that we look at."""
        yield self

    begin_nested = begin

    def in_transaction(self) -> bool:
        """Alembic has begun one."""
        return self.recorder.in_transaction

    def _record(self, statement: Any, parameters: Any = None, *_: Any, **__: Any) -> "NoRows":
        statement = text(statement) if isinstance(statement, str) else statement
        rows = parameters if isinstance(parameters, Sequence) and not isinstance(parameters, str) else [parameters]
        for row in rows:
            self.recorder.take(_sql(_with_values(statement, row), self.dialect, self.recorder))
        return NoRows(self.recorder)


class NoRows:
    """The answer to any question: nothing, and a Problem that says so."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        self._say()
        if name == "rowcount":
            return 0
        if name in {"one", "scalar_one"}:
            raise NoResultFound("no row, for no database was asked")
        if name in {"mappings", "scalars", "columns", "unique", "yield_per", "execution_options"}:
            return lambda *_, **__: self
        if name in {"all", "fetchall", "fetchmany", "partitions", "keys"}:
            return lambda *_, **__: []
        return lambda *_, **__: None

    def __iter__(self) -> Iterator[Any]:
        self._say()
        return iter(())

    def _say(self) -> None:
        self._recorder.problem(
            "reads rows, and no database was asked; read on as if there were none",
            _ON_A_SERVER,
        )


class _EmptySchema:
    """What `sqlalchemy.inspect(op.get_bind())` gives."""

    def __init__(self, connection: OfflineConnection) -> None:
        self._recorder = connection.recorder

    def _inspection_context(self) -> Any:
        """How SQLAlchemy begins to read a whole table (`autoload_with`)."""
        raise NoSuchTableError("a table is to be read from the database, and no database was asked")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        self._recorder.problem(
            "looks at the schema, and no database was asked; read on as if it were empty", _ON_A_SERVER
        )
        return lambda *_, **__: False if name.startswith("has_") else []


inspection._inspects(OfflineConnection)(_EmptySchema)


class _Impl(PostgresqlImpl):  # without __dialect__, so that Alembic does not take it for everybody's PostgreSQL
    transactional_ddl = True

    def __init__(self, dialect: Dialect, connection: OfflineConnection) -> None:
        super().__init__(dialect, connection, True, True, None, {"literal_binds": True})  # type: ignore[arg-type]
        self._recorder = connection.recorder

    def _exec(self, construct: Any, *_: Any, **__: Any) -> Any:
        return self.connection.execute(construct)  # type: ignore[union-attr]

    def static_output(self, text: str) -> None:
        self._recorder.take(text)

    def emit_commit(self) -> None:
        self._recorder.in_transaction = False

    def emit_begin(self) -> None:
        self._recorder.in_transaction = True


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """While this lasts, `alembic.op` writes to the recorder."""
    dialect = _dialect("named")
    connection = OfflineConnection(dialect, recorder)
    context = MigrationContext(dialect, None, {"as_sql": True, "transactional_ddl": True, "literal_binds": True})
    context.connection = connection  # type: ignore[assignment]
    context.impl = _Impl(dialect, connection)
    with Operations.context(context):
        yield


def _dialect(paramstyle: str) -> Dialect:
    made: Dialect = PGDialect(paramstyle=paramstyle)  # type: ignore[no-untyped-call]
    return made


def _with_values(statement: Any, row: Mapping[str, Any] | None) -> Any:
    if not row:
        return statement
    if isinstance(statement, TextClause):
        return statement.bindparams(**row)
    return statement.values(**row) if hasattr(statement, "values") and statement.is_insert else statement.params(row)


def _sql(statement: Any, dialect: Dialect, recorder: Recorder) -> str:
    if isinstance(statement, BaseDDLElement):
        return str(statement.compile(dialect=dialect)).strip()
    try:
        return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})).strip()
    except (CompileError, NotImplementedError) as error:
        recorder.problem(f"has a value that cannot be written as SQL: {str(error).splitlines()[0]}", _ON_A_SERVER)
        return str(statement.compile(dialect=_dialect("numeric_dollar"))).strip()
