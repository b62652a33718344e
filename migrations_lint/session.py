"""What a script's session holds at each statement: its transaction, savepoints, locks, parameters, what is new.

Each step returns a new Session. Sources: PostgreSQL 18, SET ("The effects of SET LOCAL last only till the end of the
current transaction"; a SET of a transaction that is rolled back disappears with it), SAVEPOINT, and Explicit Locking
(a lock taken after a savepoint is released by rolling back to it).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from migrations_lint.model import (
    ControlsTransaction,
    CreatesRelation,
    DropsRelation,
    Fact,
    LockFact,
    Relation,
    RenamesRelation,
    SetsParameter,
    Work,
)
from migrations_lint.snapshot import SchemaSnapshot

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0, "h": 3_600_000.0, "d": 86_400_000.0}
_WRITES = frozenset({Work.ROW_CHANGE, Work.REWRITE})
_ENDS = frozenset({"COMMIT", "ROLLBACK", "PREPARE TRANSACTION"})


@dataclass(frozen=True, slots=True)
class Saved:
    """What ROLLBACK brings back: the session and the schema at BEGIN (`name` is None) or at a savepoint."""

    name: str | None
    session: "Session"
    schema: SchemaSnapshot


@dataclass(frozen=True, slots=True)
class Session:
    """The state in which a statement meets its session.

    `transaction` numbers the script's transactions, None is outside of any; `explicit` says that the script's own
    BEGIN is open. `held` are the locks of this transaction on what others can see, `here` the relations that
    it has made, `new` those that the script has, both with the statement's own; `gone` are those that this transaction
    has dropped, `written` those whose rows it has changed. `parameters` hold for the session,
    `local` ones until the transaction ends; a value of None is the server's default. `forgotten` are parameters that
    were set and are no longer in force.
    """

    transaction: int | None = None
    opened: int = 0
    explicit: bool = False
    held: tuple[LockFact, ...] = ()
    here: frozenset[Relation] = frozenset()
    new: frozenset[Relation] = frozenset()
    gone: frozenset[Relation] = frozenset()
    written: frozenset[Relation] = frozenset()
    parameters: Mapping[str, str] = field(default_factory=dict)
    local: Mapping[str, str] = field(default_factory=dict)
    forgotten: Mapping[str, str] = field(default_factory=dict)
    saved: tuple[Saved, ...] = ()

    def parameter(self, name: str) -> str | None:
        """The value in force, or None where only the server knows it."""
        return self.local.get(name, self.parameters.get(name))

    def timeout(self, name: str) -> float | None:
        """A timeout in force, in milliseconds; None where none is set, 0 where it is switched off."""
        value = self.parameter(name)
        return milliseconds(value) if value is not None else None

    @property
    def search_path(self) -> tuple[str, ...]:
        """The schemas in which a bare name is looked up, `public` where the script sets none."""
        value = self.parameter("search_path")
        names = [name.strip().strip('"') for name in value.split(",")] if value else []
        return tuple(name for name in names if name and name != "$user") or ("public",)

    def entering(self, *, in_transaction: bool, schema: SchemaSnapshot) -> "Session":
        """Before a statement: its tool opens a transaction around it, or closes the one it had open."""
        if in_transaction and self.transaction is None:
            return self._begun(schema)
        if not in_transaction and not self.explicit:
            return self._ended()
        return self

    def committed(self) -> "Session":
        """Between two pieces of a script that its tool runs in transactions of their own."""
        return self._ended()

    def beginning(self, facts: Sequence[Fact], schema: SchemaSnapshot) -> "Session":
        """At a statement: what it makes is new, and a BEGIN runs inside the transaction that it opens.

        Inside another one BEGIN only marks that as the script's.
        """
        made = made_by(facts)
        session = replace(self, here=self.here | made, new=self.new | made) if made else self
        for fact in facts:
            if isinstance(fact, ControlsTransaction) and fact.command == "BEGIN":
                begun = session if session.transaction is not None else session._begun(schema)
                return replace(begun, explicit=True)
        return session

    def leaving(self, facts: Iterable[Fact], schema: SchemaSnapshot) -> "Session":
        """After a statement whose facts have been replayed onto `schema`; a rollback takes the schema back as well."""
        session = self
        # What this transaction has made nobody else can see yet, let alone wait for.
        locks = tuple(fact for fact in facts if isinstance(fact, LockFact) and not fact.created_here)
        fresh = tuple(lock for lock in dict.fromkeys(locks) if lock not in self.held)
        if self.transaction is not None and fresh:
            session = replace(session, held=session.held + fresh)
        written = frozenset(lock.relation for lock in locks if lock.work in _WRITES) - session.written
        if self.transaction is not None and written:
            session = replace(session, written=session.written | written)
        for fact in facts:
            if isinstance(fact, SetsParameter):
                session = session._set(fact)
            elif isinstance(fact, DropsRelation) and self.transaction is not None:
                session = replace(session, gone=session.gone | {fact.relation})
            elif isinstance(fact, RenamesRelation) and fact.relation in session.new:
                here = session.here | ({fact.to} if fact.relation in session.here else set())
                session = replace(session, here=here, new=session.new | {fact.to})
            elif isinstance(fact, ControlsTransaction):
                session = session._controlled(fact, schema)
        return session

    def _controlled(self, fact: ControlsTransaction, schema: SchemaSnapshot) -> "Session":
        if fact.command in _ENDS and self.transaction is not None:
            before = self._undone(self.saved[0], schema) if fact.command == "ROLLBACK" else self
            ended = before._ended()
            return replace(ended._begun(schema), explicit=True) if fact.chain else ended
        if fact.command == "SAVEPOINT" and self.transaction is not None:
            return replace(self, saved=(*self.saved, Saved(fact.savepoint, self, schema.copy())))
        at = self._savepoint(fact.savepoint)
        if at is not None and fact.command == "RELEASE":
            return replace(self, saved=self.saved[:at])
        if at is not None and fact.command == "ROLLBACK TO":
            return replace(self._undone(self.saved[at], schema), saved=self.saved[: at + 1])
        return self

    def _begun(self, schema: SchemaSnapshot) -> "Session":
        number = self.opened + 1
        return replace(self, transaction=number, opened=number, saved=(Saved(None, self, schema.copy()),))

    def _ended(self) -> "Session":
        return replace(
            self,
            transaction=None,
            explicit=False,
            held=(),
            here=frozenset(),
            gone=frozenset(),
            written=frozenset(),
            local={},
            forgotten={**self.forgotten, **self.local},
            saved=(),
        )

    def _undone(self, saved: Saved, schema: SchemaSnapshot) -> "Session":
        schema.become(saved.schema)
        lost = {**self.parameters, **self.local}
        kept = {**saved.session.parameters, **saved.session.local}
        forgotten = {name: value for name, value in lost.items() if kept.get(name) != value}
        return replace(
            saved.session,
            transaction=self.transaction,
            opened=self.opened,
            explicit=self.explicit,
            forgotten={**self.forgotten, **forgotten},
        )

    def _savepoint(self, name: str | None) -> int | None:
        """Where the newest savepoint of that name stands; 0 is BEGIN and no savepoint."""
        return next((at for at in range(len(self.saved) - 1, 0, -1) if self.saved[at].name == name), None)

    def _set(self, fact: SetsParameter) -> "Session":
        if fact.name == "all":
            return replace(self, parameters={}, local={}, forgotten={**self.forgotten, **self.parameters, **self.local})
        if fact.local and self.transaction is None:
            lost = {} if fact.value is None else {fact.name: fact.value}
            return replace(self, forgotten={**self.forgotten, **lost})  # PostgreSQL warns (25P01) and sets nothing
        local = {name: value for name, value in self.local.items() if name != fact.name}
        current = self.parameter(fact.name)
        if fact.value is None:
            lost = {} if current is None else {fact.name: current}
            parameters = {name: value for name, value in self.parameters.items() if name != fact.name}
            return replace(
                self,
                local=local,
                parameters=self.parameters if fact.local else parameters,
                forgotten={**self.forgotten, **lost},
            )
        if fact.local:
            return replace(self, local={**local, fact.name: fact.value})
        return replace(self, local=local, parameters={**self.parameters, fact.name: fact.value})


def made_by(facts: Sequence[Fact]) -> frozenset[Relation]:
    """The relations that a statement makes, without those that it may have found in place, or replaces."""
    made = frozenset(fact.relation for fact in facts if isinstance(fact, CreatesRelation) and not fact.may_exist)
    if not made:
        return made
    return made & {fact.relation for fact in facts if isinstance(fact, LockFact) and fact.created_here}


def milliseconds(value: str) -> float | None:
    """A timeout as PostgreSQL reads it (`2s`, `1.5 min`, a bare number of milliseconds); None for what it refuses."""
    text = value.strip()
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz").strip()
    unit = text[len(number) :].strip() or "ms"
    try:
        read = float(number) * _UNITS[unit]
    except (ValueError, KeyError):
        return None
    return read if read >= 0 else None
