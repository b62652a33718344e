"""A column of another type beside the one that it is to replace: its names, its trigger, its indexes.

Source: ALTER TABLE and CREATE TRIGGER in PostgreSQL 18.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from migrations_lint.dialect import listed, quoted, spelled
from migrations_lint.expansion.dependents import Dependents, renamed_in
from migrations_lint.expansion.parts import together
from migrations_lint.model import ChangesColumnType, Column, Place, Relation, Step
from migrations_lint.snapshot import Index, Table

_LONGEST_NAME = 63  # bytes: NAMEDATALEN - 1


@dataclass(frozen=True)
class Shadow:
    """`new` is the column beside until it takes the name, `old` is what the other one is called from then on."""

    table: Table
    column: Column
    change: ChangesColumnType
    found: Dependents

    @property
    def of(self) -> str:
        """The table as SQL."""
        return spelled(self.table.relation)

    @property
    def name(self) -> str:
        """The column that changes."""
        return self.column.name

    @property
    def new(self) -> str:
        """The column beside it."""
        return f"{self.name}_new"

    @property
    def old(self) -> str:
        """What is left of it after the swap."""
        return f"{self.name}_old"

    @property
    def not_null(self) -> str:
        """The CHECK that proves the new column to be filled."""
        return f"{self.table.relation.name}_{self.new}_not_null"

    @property
    def is_required(self) -> bool:
        """Whether it holds no NULL."""
        return self.table.proves_not_null(self.name)

    def objection(self) -> str | None:
        """What of the schema stands in the way."""
        names = [self.function("new").name, self.function("old").name, self.not_null]
        names += [f"{each.name.name}_new" for each in self.found.indexes]
        names += [f"{key.name}_new" for key in self.found.keys]
        if too_long := [name for name in names if len(name.encode()) > _LONGEST_NAME]:
            return f"the name {too_long[0]} that it needs is longer than {_LONGEST_NAME} bytes"
        if taken := [name for name in (self.new, self.old) if name in self.table.columns]:
            return f"the name {taken[0]} that it needs is taken by another column of {self.table.relation}"
        if self.column.generated is not None:
            return f"{self.name} is computed, and takes no value from a column beside it"
        if self.column.default is not None and self.column.default_sql is None and self.found.sequence is None:
            return f"the history does not tell the default of {self.name} in full"
        return None

    def step(self, command: str, undo: str, *, on: str | None = None) -> Step:
        """ALTER TABLE both ways; `on` is a column to alter."""
        column = f"ALTER COLUMN {quoted(on)} " if on is not None else ""
        return Step(f"ALTER TABLE {self.of} {column}{command}", undo=f"ALTER TABLE {self.of} {column}{undo}")

    def beside(self) -> Iterator[Step]:
        """The new column, kept in step with what is written to the old one."""
        collation = f" COLLATE {self.change.collation}" if self.change.collation else ""
        new, check = quoted(self.new), quoted(self.not_null)
        yield self.step(f"ADD COLUMN {new} {self.change.type}{collation}", f"DROP COLUMN {new}")
        yield from self.kept_in_step("new")
        if self.is_required:
            yield self.step(f"ADD CONSTRAINT {check} CHECK ({new} IS NOT NULL) NOT VALID", f"DROP CONSTRAINT {check}")

    def filling(self) -> Step:
        """The rows that are there; what the trigger has filled stays as it is."""
        new, name = quoted(self.new), quoted(self.name)
        filled = "" if self.is_required else f" AND {name} IS NOT NULL"
        value = self.change.using or f"{name}::{self.change.type}"
        return Step(f"UPDATE {self.of} SET {new} = {value} WHERE {new} IS NULL{filled}")

    def validating(self) -> Step:
        """The proof that it is filled."""
        check, new = quoted(self.not_null), quoted(self.new)
        add = f"ALTER TABLE {self.of} ADD CONSTRAINT {check} CHECK ({new} IS NOT NULL) NOT VALID"
        undo = together([f"ALTER TABLE {self.of} DROP CONSTRAINT {check}", add])
        return Step(f"ALTER TABLE {self.of} VALIDATE CONSTRAINT {check}", Place.LATER, undo)

    def function(self, way: str) -> Relation:
        """What the trigger calls, and the trigger's own name; `way` is new before the swap and old after it."""
        return Relation(self.table.relation.schema, f"{self.table.relation.name}_{self.name}_to_{way}")

    def kept_in_step(self, way: str) -> Iterator[Step]:
        """The function and its trigger."""
        function, trigger = spelled(self.function(way)), quoted(self.function(way).name)
        yield Step(self.body(way), undo=f"DROP FUNCTION {function}()")
        yield Step(self.trigger(way), undo=f"DROP TRIGGER {trigger} ON {self.of}")

    def let_go(self, way: str) -> Iterator[Step]:
        """The same taken away."""
        made, triggered = self.kept_in_step(way)
        yield Step(str(triggered.undo), undo=triggered.sql)
        yield Step(str(made.undo), undo=made.sql)

    def trigger(self, way: str) -> str:
        """Before the row is written, whoever writes it."""
        function = self.function(way)
        return (
            f"CREATE TRIGGER {quoted(function.name)} BEFORE INSERT OR UPDATE ON {self.of}\n"
            f"    FOR EACH ROW EXECUTE FUNCTION {spelled(function)}()"
        )

    def body(self, way: str) -> str:
        """The new value fails where the change itself would; the old one is NULL where the old type has none."""
        head = f"CREATE FUNCTION {spelled(self.function(way))}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n"
        name = quoted(self.name)
        if way == "new":
            row = f"(SELECT NEW.*) AS {quoted(self.table.relation.name)}"
            using = self.change.using
            value = f"(SELECT {using} FROM {row})" if using else f"NEW.{name}::{self.change.type}"
            return f"{head}    NEW.{quoted(self.new)} := {value};\n    RETURN NEW;\nEND\n$$"
        old = quoted(self.old)
        return (
            f"{head}    NEW.{old} := NEW.{name}::{self.column.type};\n    RETURN NEW;\n"
            f"EXCEPTION WHEN others THEN\n    NEW.{old} := NULL;\n    RETURN NEW;\nEND\n$$"
        )

    def builds(self) -> Iterator[tuple[str, Step]]:
        """Each index that has the column, for the new one, with the name that it will have."""
        for key in self.found.keys:
            columns = listed(self.new if column == self.name else column for column in key.columns)
            yield key.name, self._beside_traffic(f"{key.name}_new", f"UNIQUE INDEX {{}} ON {self.of} ({columns})")
        for index in self.found.indexes:
            yield index.name.name, self._beside_traffic(f"{index.name.name}_new", self.shape(index, self.new))

    def _beside_traffic(self, name: str, shape: str) -> Step:
        concurrently = shape.replace("INDEX {}", f"INDEX CONCURRENTLY {quoted(name)}", 1)
        index = spelled(Relation(self.table.relation.schema, name))
        return Step(f"CREATE {concurrently}", Place.ALONE, f"DROP INDEX CONCURRENTLY IF EXISTS {index}")

    def shape(self, index: Index, to: str) -> str:
        """What follows CREATE, with `{}` for the name, and another column in the place of ours."""

        def moved(columns: tuple[str, ...]) -> str:
            return listed(to if column == self.name else column for column in columns)

        method = f" USING {index.method}" if index.method != "btree" else ""
        included = f" INCLUDE ({moved(index.included)})" if index.included else ""
        where = f" WHERE {renamed_in(index.predicate, self.name, to)}" if index.predicate else ""
        unique = "UNIQUE " if index.unique else ""
        return f"{unique}INDEX {{}} ON {self.of}{method} ({moved(index.columns)}){included}{where}"
