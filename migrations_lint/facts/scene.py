"""What a statement is read against: the schema so far, the server's version, the search path."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from migrations_lint.locks import LockMode
from migrations_lint.model import Certainty, LockFact, Relation, RelationKind, Work
from migrations_lint.parse.nodes import strings
from migrations_lint.snapshot import TEMPORARY, SchemaSnapshot, Table


@dataclass(frozen=True, slots=True)
class Scene:
    """The surroundings of one statement; `inside` are the functions in whose bodies it stands, the outermost first.

    `written` are the tables whose rows its transaction has changed or written anew before.
    """

    schema: SchemaSnapshot = field(default_factory=SchemaSnapshot)
    server_version: int = 15
    search_path: tuple[str, ...] = ("public",)
    inside: tuple[str, ...] = ()
    written: frozenset[Relation] = frozenset()

    def relation(self, range_var: Any) -> Relation:
        """The relation that a RangeVar names."""
        if range_var.relpersistence == "t":
            return Relation(TEMPORARY, range_var.relname)
        return self._named(range_var.schemaname, range_var.relname)

    def relation_of(self, names: Any) -> Relation:
        """The relation that a list of String nodes names."""
        parts = strings(names)
        return self._named(parts[-2] if len(parts) > 1 else "", parts[-1])

    def beside(self, relation: Relation, name: str) -> Relation:
        """A name in another relation's schema, where indexes and owned sequences live."""
        return Relation(relation.schema, name)

    def spelled(self, relation: Relation) -> str:
        """A name as SQL may write it, without the schema public."""
        return relation.name if relation.schema == "public" else str(relation)

    def table(self, relation: Relation) -> Table | None:
        """What is known of a relation."""
        return self.schema.find(relation)

    def lock(self, relation: Relation, mode: LockMode, work: Work = Work.INSTANT, *, assumed: bool = False) -> LockFact:
        """A lock on one relation; assumed where the schema does not know it."""
        table = self.table(relation)
        return LockFact(
            relation,
            table.kind if table else RelationKind.TABLE,
            mode,
            _without_storage(table, work),
            certainty=Certainty.SURE if table and table.certain and not assumed else Certainty.ASSUMED,
        )

    def lock_family(
        self,
        relation: Relation,
        mode: LockMode,
        work: Work = Work.INSTANT,
        *,
        only: bool = False,
        assumed: bool = False,
    ) -> Iterator[LockFact]:
        """A lock on a relation and, unless ONLY was said, on its partitions and inheriting tables."""
        yield self.lock(relation, mode, work, assumed=assumed)
        if not only:
            for child in self.schema.children(relation):
                yield self.lock(child.relation, mode, work, assumed=assumed)

    def lock_partitions(
        self, relation: Relation, mode: LockMode, work: Work = Work.INSTANT, *, only: bool = False
    ) -> Iterator[LockFact]:
        """A lock on a relation and on its partitions, for what tables that inherit do not take part in."""
        table = self.table(relation)
        partitioned = table is not None and table.kind is RelationKind.PARTITIONED_TABLE
        yield from self.lock_family(relation, mode, work, only=only or not partitioned)

    def new(self, relation: Relation, kind: RelationKind, work: Work = Work.INSTANT) -> LockFact:
        """The lock that a statement holds on what it makes; nobody else can see that yet."""
        return LockFact(relation, kind, LockMode.ACCESS_EXCLUSIVE, work, created_here=True)

    def _named(self, schema: str, name: str) -> Relation:
        if schema:
            return Relation(schema, name)
        for candidate in (TEMPORARY, *self.search_path):
            if self.schema.find(Relation(candidate, name)):
                return Relation(candidate, name)
        return Relation(self.search_path[0], name)


_WITHOUT_STORAGE = frozenset({RelationKind.PARTITIONED_TABLE, RelationKind.VIEW, RelationKind.FOREIGN_TABLE})


def _without_storage(table: Table | None, work: Work) -> Work:
    """A partitioned table or a view has no storage of its own: that work is done on the tables below."""
    stored = table is None or table.kind not in _WITHOUT_STORAGE
    return work if stored or work is Work.ROW_CHANGE else Work.INSTANT
