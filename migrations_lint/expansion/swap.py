"""The moment at which a column takes the name of another one, and what becomes of the other one after.

Every step has the statement that takes it back, in the names of the moment at which that runs. Source: ALTER TABLE in
PostgreSQL 18: SET NOT NULL scans nothing where a valid CHECK proves it, USING INDEX takes over an index that is there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from migrations_lint.dialect import definition, listed, quoted, spelled
from migrations_lint.expansion.parts import together
from migrations_lint.expansion.shadow import Shadow
from migrations_lint.model import Constraint, Place, Relation, Step
from migrations_lint.snapshot import Table


@dataclass(frozen=True)
class Swap:
    """The steps, for the column beside and all that hangs on the one that it replaces."""

    shadow: Shadow

    def steps(self) -> Iterator[Step]:
        """All in one transaction: nobody sees the table without the column."""
        shadow, found = self.shadow, self.shadow.found
        name, new, old = quoted(shadow.name), quoted(shadow.new), quoted(shadow.old)
        for table, key in found.references:
            yield Step(_drop(table, key), undo=_add(table, key))
        yield from shadow.let_go("new")
        yield from self._counts_on()
        for constraint in (*found.keys, *found.checks):
            yield Step(_drop(shadow.table, constraint), undo=_add(shadow.table, constraint))
        if shadow.is_required:
            yield shadow.step("DROP NOT NULL", "SET NOT NULL", on=shadow.name)
        if self._default is not None:
            yield shadow.step("DROP DEFAULT", f"SET DEFAULT {self._default}", on=shadow.name)
        yield shadow.step(f"RENAME COLUMN {name} TO {old}", f"RENAME COLUMN {old} TO {name}")
        yield shadow.step(f"RENAME COLUMN {new} TO {name}", f"RENAME COLUMN {name} TO {new}")
        if shadow.is_required and not shadow.column.identity:
            yield from self._required(shadow.name)
        if self._default is not None:
            yield shadow.step(f"SET DEFAULT {self._default}", "DROP DEFAULT", on=shadow.name)
        yield from self._owns_sequence()
        yield from self._takes_over_indexes()
        for constraint in found.checks:
            yield Step(f"{_add(shadow.table, constraint)} NOT VALID", undo=_drop(shadow.table, constraint))
        for table, key in found.references:
            yield Step(f"{_add(table, key)} NOT VALID", undo=_drop(table, key))
        yield from shadow.kept_in_step("old")

    def validations(self) -> Iterator[tuple[Constraint, Step]]:
        """What was valid before is tried on the rows again."""
        own = [(self.shadow.table, constraint) for constraint in self.shadow.found.checks]
        for table, constraint in (*own, *self.shadow.found.references):
            if constraint.valid:
                undo = together([_drop(table, constraint), f"{_add(table, constraint)} NOT VALID"])
                validate = f"ALTER TABLE {spelled(table.relation)} VALIDATE CONSTRAINT {quoted(constraint.name)}"
                yield constraint, Step(validate, Place.LATER, undo)

    def contract(self) -> Iterator[Step]:
        """On the way back the trigger fills the column again, as far as the old type has the values."""
        shadow = self.shadow
        name, old = quoted(shadow.name), quoted(shadow.old)
        trigger, function = shadow.let_go("old")
        refill = f"UPDATE {shadow.of} SET {name} = {name}"
        yield Step(trigger.sql, undo=together([trigger.undo, refill]))
        yield function
        again = [f"ALTER TABLE {shadow.of} ADD COLUMN {old} {shadow.column.type}"]
        for index in shadow.found.indexes:
            again.append(f"CREATE {shadow.shape(index, shadow.old)}".format(quoted(f"{index.name.name}_old")))
        yield Step(f"ALTER TABLE {shadow.of} DROP COLUMN {old}", undo=together(again))

    @property
    def _default(self) -> str | None:
        column, sequence = self.shadow.column, self.shadow.found.sequence
        if column.default is None or column.identity:
            return None
        if column.default_sql is None and sequence is not None:
            return f"nextval('{spelled(sequence)}')"
        text = column.default_sql or ""
        # A bare text would be read as the new type at once, and not as a value of the old one that is then converted.
        return f"{text}::{column.type}" if text.startswith("'") and "::" not in text else text

    def _required(self, column: str) -> Iterator[Step]:
        """NOT NULL, which the CHECK has proved, and then the CHECK goes."""
        check = quoted(self.shadow.not_null)
        yield self.shadow.step("SET NOT NULL", "DROP NOT NULL", on=column)
        yield self.shadow.step(
            f"DROP CONSTRAINT {check}", f"ADD CONSTRAINT {check} CHECK ({quoted(column)} IS NOT NULL)"
        )

    def _counts_on(self) -> Iterator[Step]:
        """An identity is no default that could move: the new column gets one of its own, which goes on counting."""
        sequence, column = self.shadow.found.sequence, self.shadow.column
        if not column.identity or sequence is None:
            return
        kept, beside = spelled(sequence), spelled(Relation(sequence.schema, f"{sequence.name}_new"))
        add = f"ADD GENERATED {'ALWAYS' if column.always else 'BY DEFAULT'} AS IDENTITY"
        yield from self._required(self.shadow.new)
        yield self.shadow.step(f"{add} (SEQUENCE NAME {beside})", "DROP IDENTITY", on=self.shadow.new)
        yield Step(_position(beside, kept))
        drop = self.shadow.step("DROP IDENTITY", f"{add} (SEQUENCE NAME {kept})", on=self.shadow.name)
        yield Step(drop.sql, undo=together([drop.undo, _position(kept, beside)]))
        yield Step(
            f"ALTER SEQUENCE {beside} RENAME TO {quoted(sequence.name)}",
            undo=f"ALTER SEQUENCE {kept} RENAME TO {quoted(f'{sequence.name}_new')}",
        )

    def _owns_sequence(self) -> Iterator[Step]:
        shadow, sequence = self.shadow, self.shadow.found.sequence
        if sequence is not None and not shadow.column.identity:
            owned = f"ALTER SEQUENCE {spelled(sequence)} OWNED BY {shadow.of}."
            yield Step(owned + quoted(shadow.name), undo=owned + quoted(shadow.old))

    def _takes_over_indexes(self) -> Iterator[Step]:
        table, of = self.shadow.table, self.shadow.of
        for key in self.shadow.found.keys:
            name, beside = quoted(key.name), quoted(f"{key.name}_new")
            build = f"CREATE UNIQUE INDEX {beside} ON {of} ({listed(key.columns)})"
            using = f"ALTER TABLE {of} ADD CONSTRAINT {name} {key.kind.value.upper()} USING INDEX {beside}"
            yield Step(using, undo=together([_drop(table, key), build]))
        for index in self.shadow.found.indexes:
            schema, name = index.name.schema, index.name.name
            yield _renamed_index(schema, name, f"{name}_old")
            yield _renamed_index(schema, f"{name}_new", name)


def _renamed_index(schema: str, name: str, to: str) -> Step:
    there, back = spelled(Relation(schema, name)), spelled(Relation(schema, to))
    return Step(f"ALTER INDEX {there} RENAME TO {quoted(to)}", undo=f"ALTER INDEX {back} RENAME TO {quoted(name)}")


def _position(of: str, like: str) -> str:
    return f"SELECT setval('{of}', last_value, is_called) FROM {like}"


def _drop(table: Table, constraint: Constraint) -> str:
    return f"ALTER TABLE {spelled(table.relation)} DROP CONSTRAINT {quoted(constraint.name)}"


def _add(table: Table, constraint: Constraint) -> str:
    """Constraints with an index are keys; their columns are all that there is to say."""
    is_key = constraint.references is None and constraint.expression is None
    kind = f"{constraint.kind.value.upper()} ({listed(constraint.columns)})"
    words = kind if is_key else definition(constraint)
    return f"ALTER TABLE {spelled(table.relation)} ADD CONSTRAINT {quoted(constraint.name)} {words}"
