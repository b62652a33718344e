"""One statement at its place: the parts that stand for it, or the reason why there are none.

The safe forms are the linter's own recipes; what is decided here is when each of their steps may run.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from migrations_lint.expansion.columns import added_column, dropped_column, gone_with
from migrations_lint.expansion.dependents import key_of
from migrations_lint.expansion.objects import names_of, phase_of, views_below
from migrations_lint.expansion.parts import Part, Phase, Refusal, Split, parts_of, slug
from migrations_lint.expansion.retype import changed_type
from migrations_lint.expansion.statements import built_again, concurrent, only_empty, type_before, verb
from migrations_lint.expansion.views import WHAT_A_VIEW_IS_NOT, renamed_column, renamed_table
from migrations_lint.expansion.ways_back import undo_of
from migrations_lint.model import (
    AddsColumn,
    AddsConstraint,
    ChangesColumnType,
    ConstraintKind,
    CreatesIndex,
    DropsColumn,
    DropsIndex,
    DropsRelation,
    Fix,
    NeedsNoTransaction,
    Place,
    Relation,
    RelationKind,
    RenamesColumn,
    RenamesRelation,
    RowChange,
    SetsDefault,
    SetsNotNull,
    Step,
    Unknown,
    ValidatesConstraint,
    Work,
)
from migrations_lint.moment import Moment
from migrations_lint.recipes import (
    build_concurrently,
    constraint_using_index,
    drop_concurrently,
    not_null_without_scan,
    not_valid_then_validate,
    partition_by_partition,
)
from migrations_lint.ways import column_behind_view, column_beside, dropped_later, table_behind_view

_LASTING = frozenset({Work.SCAN, Work.REWRITE, Work.INDEX_BUILD})
_INDEXED = frozenset({ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE})
_TRIES = "Tries it on the rows that are there, while reads and writes go on."
_OF_VIEWS = (f"Look first whether the application minds that {WHAT_A_VIEW_IS_NOT}.",)
_NOT_NAMED_BY_CODE = frozenset({RelationKind.INDEX, RelationKind.SEQUENCE})


def split(moment: Moment, own_way_back: Sequence[str], added: frozenset[tuple[Relation, str]]) -> Split | Refusal:
    """The parts for one statement; `added` are the columns that the migration has added before it."""
    return _Decision(moment, own_way_back, added).made()


class _Decision:
    def __init__(self, moment: Moment, own_way_back: Sequence[str], added: frozenset[tuple[Relation, str]]) -> None:
        self.moment, self.own, self.added = moment, own_way_back, added
        self.sql, self.line = moment.statement.sql, moment.statement.begins.line

    def made(self) -> Split | Refusal:
        """The fact that says most of what the statement is about decides."""
        for unknown in self.moment.all(Unknown):
            return self._refused(f"what it does is not known: {unknown.reason}")
        for kind, decide in self._kinds():
            facts: Iterator[Any] = self.moment.all(kind)
            for fact in facts:
                if self._is_told(fact):
                    return decide(fact)
        lasting = [lock for lock in self.moment.locks_on_live_tables() if lock.work in _LASTING]
        if lasting and any(lock.mode.blocks_writes for lock in lasting):
            return self._refused(f"no form of it is known that would not hold up {lasting[0].relation}")
        phase = phase_of(self.moment)
        if isinstance(phase, str):
            return self._refused(phase)
        return self._kept(phase, names_of(self.moment.facts))

    def _is_told(self, fact: Any) -> bool:
        """Whether the statement says it itself, of something that is older than the migration."""
        relation = getattr(fact, "relation", None)
        is_new = isinstance(relation, Relation) and not self.moment.is_live(relation)
        return not (is_new or getattr(fact, "along", False) or getattr(fact, "of_constraint", False))

    def _kinds(self) -> Iterator[tuple[type, Callable[[Any], Split | Refusal]]]:
        yield ChangesColumnType, self._type
        yield RenamesColumn, self._column_name
        yield RenamesRelation, self._relation_name
        yield AddsColumn, self._column
        yield DropsColumn, self._dropped_column
        yield DropsRelation, self._dropped_relation
        yield SetsNotNull, self._not_null
        yield AddsConstraint, self._constraint
        yield ValidatesConstraint, self._validation
        yield CreatesIndex, self._index
        yield DropsIndex, self._dropped_index
        yield SetsDefault, self._default
        yield RowChange, self._rows

    def _type(self, change: ChangesColumnType) -> Split | Refusal:
        made = frozenset({change.column})
        if not self._is_lasting():
            back = type_before(self.moment, change, self.own)
            return self._kept(Phase.BEFORE_DEPLOY, made, change.relation, undo=back)
        notes = (
            f"{change.relation.name}.{change.column} ends as the last column of its table; comments, grants and "
            "storage settings of the column itself do not move along.",
        )
        way = column_beside(change.column, change.type)
        return self._split(changed_type(self.moment, change), made, change.relation, notes, way=way)

    def _column_name(self, renamed: RenamesColumn) -> Split | Refusal:
        made, parts = frozenset({renamed.column, renamed.to}), renamed_column(self.moment, renamed)
        way = column_behind_view(renamed.relation, renamed.column, renamed.to)
        split = self._split(parts, made, renamed.relation, _OF_VIEWS, way=way, hides=True)
        return replace(split, in_place=True) if isinstance(split, Split) else split

    def _relation_name(self, renamed: RenamesRelation) -> Split | Refusal:
        made = frozenset({renamed.relation.name, renamed.to.name})
        if renamed.kind in _NOT_NAMED_BY_CODE:
            return self._kept(Phase.BEFORE_DEPLOY, made)
        way = table_behind_view(renamed.relation, renamed.to)
        return self._split(renamed_table(self.moment, renamed), made, renamed.relation, _OF_VIEWS, way=way, hides=True)

    def _column(self, added: AddsColumn) -> Split | Refusal:
        made = frozenset({added.column.name})
        parts = added_column(self.moment, added)
        if parts is None:
            return self._kept(Phase.BEFORE_DEPLOY, made, added.relation)
        return self._split(parts, made, added.relation)

    def _dropped_column(self, dropped: DropsColumn) -> Split | Refusal:
        made = names_of(self.moment.facts) | gone_with(self.moment.before.find(dropped.relation), dropped.column)
        way = dropped_later(dropped.column)
        return self._split(dropped_column(self.moment, dropped, self.own), made, dropped.relation, way=way)

    def _dropped_relation(self, dropped: DropsRelation) -> Split | Refusal:
        why = f"Drops {dropped.relation.name}, once no release that uses it is left to go back to."
        split = self._kept(Phase.CONTRACT, names_of(self.moment.facts), why=why)
        return replace(split, blocks=views_below(self.moment))

    def _not_null(self, change: SetsNotNull) -> Split | Refusal:
        made = frozenset({change.column})
        if not change.required or not self._is_lasting():
            phase = Phase.AFTER_DEPLOY if change.required else Phase.BEFORE_DEPLOY
            return self._kept(phase, made, change.relation)
        title = slug(change.relation.name, change.column, "not_null")
        is_new = (change.relation, change.column) in self.added
        why = (
            f"From here on no row is written without {change.column}: deploy code that always gives it before.",
            f"Proves that no row lacks it, while reads and writes go on; it fails where rows without {change.column} "
            "are left, so fill those before.",
        )
        phase = Phase.BEFORE_DEPLOY if is_new and self._has_default(change) else Phase.AFTER_DEPLOY
        return self._fixed(not_null_without_scan(self.moment, change), title, why, made, change.relation, phase)

    def _has_default(self, change: SetsNotNull) -> bool:
        """Whether a running release that does not know the column fills it all the same."""
        table = self.moment.before.find(change.relation)
        column = table.columns.get(change.column) if table is not None else None
        return column is not None and column.default is not None

    def _constraint(self, added: AddsConstraint) -> Split | Refusal:
        constraint, table = added.constraint, added.relation
        made = frozenset({constraint.name})
        title = slug(constraint.name)
        tightens = not all((table, column) in self.added for column in constraint.columns)
        phase = Phase.AFTER_DEPLOY if tightens or not constraint.columns else Phase.BEFORE_DEPLOY
        if constraint.using_index or not constraint.valid or not self._is_lasting():
            return self._kept(phase, made, table)
        if constraint.kind is ConstraintKind.EXCLUDE:
            return self._refused("an exclusion constraint is not built beside traffic; copy into a new table")
        if constraint.kind in _INDEXED:
            why = (
                "Builds the unique index beside traffic; rows that are there twice make it fail, and leave an INVALID "
                "index to drop.",
                "The constraint takes the index over, which is instant.",
            )
            fix = built_again(constraint_using_index(self.moment, added))
        else:
            why = (
                f"From here on no row is written that breaks {constraint.name}; the old rows are not looked at.",
                _TRIES,
            )
            fix = not_valid_then_validate(self.moment, added)
        return self._fixed(fix, title, why, made, table, phase)

    def _validation(self, validated: ValidatesConstraint) -> Split | Refusal:
        step = Step(self.sql, Place.LATER)
        part = Part(
            Phase.AFTER_DEPLOY,
            f"validate_{slug(validated.name)}",
            (step,),
            _TRIES,
        )
        return Split(self.sql, self.line, (part,), frozenset({validated.name}), validated.relation, kept=True)

    def _index(self, index: CreatesIndex) -> Split | Refusal:
        made, title = frozenset({index.index.name}), f"build_{slug(index.index.name)}"
        phase = Phase.AFTER_DEPLOY if index.unique else Phase.BEFORE_DEPLOY
        if index.concurrently or not self._is_lasting():
            return self._kept(phase, made, index.relation)
        fix = build_concurrently(self.moment, index) or partition_by_partition(self.moment, index)
        why = ("Builds the index beside traffic.", "Makes the parts into one index, which is then valid.")
        return self._fixed(fix, title, why, made, index.relation, phase)

    def _dropped_index(self, dropped: DropsIndex) -> Split | Refusal:
        made = names_of(self.moment.facts)
        fix = None if dropped.concurrently else drop_concurrently(self.moment, dropped)
        if fix is None:
            return self._kept(Phase.AFTER_DEPLOY, made)
        why = (
            f"Drops the index beside traffic, once no release is running that is slow without {dropped.index.name}.",
        )
        undo = undo_of(self.moment, made, self.own)
        steps = tuple(Step(step.sql, step.place, concurrent(undo)) for step in fix.steps)
        part = Part(Phase.AFTER_DEPLOY, f"drop_{slug(dropped.index.name)}", steps, why[0])
        notes = () if undo else (f"What built {dropped.index.name} is not known: write its way back.",)
        return Split(self.sql, self.line, (part,), made, dropped.relation, notes)

    def _default(self, change: SetsDefault) -> Split | Refusal:
        phase = Phase.AFTER_DEPLOY if change.default is None else Phase.BEFORE_DEPLOY
        return self._kept(phase, frozenset({change.column}), change.relation)

    def _rows(self, change: RowChange) -> Split | Refusal:
        if change.command not in {"UPDATE", "DELETE"}:
            return self._kept(Phase.BEFORE_DEPLOY, frozenset())
        columns = change.columns or ()
        is_update = change.command == "UPDATE"
        empty = only_empty(self.moment, change, self.added)
        part = Part(
            Phase.AFTER_DEPLOY,
            f"{'fill' if is_update else 'clear'}_{slug(change.relation.name, *columns)}",
            (Step(empty or self.sql, Place.LATER),),
            "Changes the rows that are there, once only code is running that writes the new ones rightly.",
            fills=True,
            key=key_of(self.moment.before.find(change.relation)),
        )
        notes = () if empty else (f"No way back tells what the rows held before: {self.sql}",)
        return Split(self.sql, self.line, (part,), frozenset(columns), change.relation, notes)

    def _is_lasting(self) -> bool:
        return any(lock.work in _LASTING for lock in self.moment.locks_on_live_tables())

    def _fixed(
        self,
        fix: Fix | None,
        title: str,
        why: tuple[str, ...],
        made: frozenset[str],
        table: Relation,
        phase: Phase = Phase.AFTER_DEPLOY,
    ) -> Split | Refusal:
        if fix is None:
            return self._refused("the linter knows no safe form of it that would fit here; `gatekeeper lint` says more")
        notes = (f"Look first: {fix.unsafe}.",) if fix.unsafe else ()
        return Split(self.sql, self.line, parts_of(fix, phase, title, why), made, table, notes)

    def _split(
        self,
        parts: tuple[Part, ...] | str,
        made: frozenset[str],
        table: Relation,
        notes: tuple[str, ...] = (),
        *,
        way: str = "",
        hides: bool = False,
    ) -> Split | Refusal:
        if isinstance(parts, str):
            return self._refused(parts)
        return Split(self.sql, self.line, parts, made, table, notes, hides=hides, way=way)

    def _kept(
        self,
        phase: Phase,
        made: frozenset[str],
        table: Relation | None = None,
        *,
        why: str = "",
        undo: str | None = None,
    ) -> Split:
        back = undo or undo_of(self.moment, made, self.own)
        alone = any(True for _ in self.moment.all(NeedsNoTransaction))
        words = [verb(self.moment), *([table.name] if table else []), *sorted(made)[:2]]
        step = Step(self.sql, Place.ALONE if alone else Place.HERE, back)
        says = why or ("Tightens what is written." if phase is Phase.AFTER_DEPLOY else "Runs as it is.")
        part = Part(phase, slug(*words), (step,), says)
        notes = () if back or not made else (f"Nothing is known that takes this back, so write it: {self.sql}",)
        return Split(self.sql, self.line, (part,), made, table, notes, kept=True)

    def _refused(self, reason: str) -> Refusal:
        return Refusal(self.sql, self.line, reason)
