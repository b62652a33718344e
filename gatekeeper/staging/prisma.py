"""A Prisma schema against the catalog that its history builds: tables, columns, their types and whether they are null.

Read from the schema's text. Prisma's own comparison needs its schema engine, a program that comes with Node; `prisma
migrate diff` beside this one also compares indexes, keys and defaults.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from gatekeeper.model.drift import Drift
from gatekeeper.model.proof import DifferenceClass, SchemaDifference
from gatekeeper.staging.built import built
from gatekeeper.staging.catalog import Catalog, Entry
from gatekeeper.staging.compare import tolerated
from gatekeeper.staging.server import StagingServer
from migrations_lint.code.prisma_schema import PrismaModel, prisma_models
from migrations_lint.files import read_text
from migrations_lint.model import Migration

# How Prisma spells each scalar on PostgreSQL, by format_type's names (Prisma's reference, "PostgreSQL connector").
_SCALARS = {
    "String": "text",
    "Boolean": "boolean",
    "Int": "integer",
    "BigInt": "bigint",
    "Float": "double precision",
    "Decimal": "numeric(65,30)",
    "DateTime": "timestamp(3) without time zone",
    "Json": "jsonb",
    "Bytes": "bytea",
}
_NATIVE = {
    "Text": "text",
    "Char": "character({})",
    "VarChar": "character varying({})",
    "Bit": "bit({})",
    "VarBit": "bit varying({})",
    "Uuid": "uuid",
    "Xml": "xml",
    "Inet": "inet",
    "Citext": "citext",
    "Boolean": "boolean",
    "SmallInt": "smallint",
    "Integer": "integer",
    "Int": "integer",
    "BigInt": "bigint",
    "Oid": "oid",
    "DoublePrecision": "double precision",
    "Real": "real",
    "Decimal": "numeric({})",
    "Money": "money",
    "Timestamp": "timestamp({}) without time zone",
    "Timestamptz": "timestamp({}) with time zone",
    "Date": "date",
    "Time": "time({}) without time zone",
    "Timetz": "time({}) with time zone",
    "Json": "json",
    "JsonB": "jsonb",
    "ByteA": "bytea",
}
_FIELD = re.compile(r"\s*\w+\s+(?P<type>\w+)(?P<many>\[\])?(?P<optional>\?)?")
_DB = re.compile(r"@db\.(?P<type>\w+)(?:\(\s*(?P<words>[^)]*)\))?")
_IGNORED = re.compile(r"\s@@?ignore\b")
_NOTHING = re.compile(r" ?\(\)")
_LINE_COMMENT = re.compile(r"//.*$")
_TABLES = ("table", "partitioned table", "view", "materialized view")
_LINKS = re.compile(r'"?_\w+To\w+"?')


_NOTE = "read from the schema's text: tables, columns, types and NOT NULL; indexes, keys and defaults are not compared"


def prisma_schema_of(history: Sequence[Migration]) -> Path | None:
    """The schema beside a Prisma history: a file, or a folder of files."""
    roots = {migration.root for migration in history if migration.tool == "prisma" and migration.root is not None}
    places = (root.parent / name for root in sorted(roots) for name in ("schema.prisma", "schema"))
    return next((path for path in places if path.exists()), None)


def prisma_drift(
    path: Path,
    history: Sequence[Migration],
    server: StagingServer,
    statement_timeout: timedelta,
    tolerate: Collection[str],
) -> Drift:
    """Compare the schema in a file, or in the files of a folder, with the history. Raises HistoryDoesNotBuild."""
    files = sorted(path.rglob("*.prisma")) if path.is_dir() else [path]
    text = "\n".join(map(read_text, files))
    with built(server, history, statement_timeout) as home:
        differences = sorted(prisma_differences(text, home.catalog), key=lambda one: (one.name, one.kind))
    return Drift("Prisma schema", str(path), server.version, tolerated(differences, tolerate), notes=(_NOTE,))


def prisma_differences(text: str, history: Catalog) -> Iterator[SchemaDifference]:
    """What the history builds and the schema does not say, the other way round, and columns of another type.

    Tables that Prisma makes for relations of many to many have no model, and are passed over.
    """
    lines = [_LINE_COMMENT.sub("", line) for line in text.splitlines()]
    tables = {_last(entry.name): entry for entry in history.entries.values() if entry.kind in _TABLES}
    models = {model.table: model for model in prisma_models(text)}
    for name, entry in tables.items():
        if name not in models and entry.kind.endswith("table") and not _LINKS.fullmatch(name):
            yield SchemaDifference(DifferenceClass.LOST, entry.kind, entry.name, entry.definition, None)
    for name, model in models.items():
        entry_there = tables.get(name)
        if entry_there is None:
            said = f"model {model.name}, line {model.line}"
            yield SchemaDifference(DifferenceClass.LEFT_OVER, "table", name, None, said)
        elif not _IGNORED.search("\n".join(lines[model.line - 1 : model.line + len(model.columns)])):
            yield from _columns(model, entry_there, history, lines)


def _columns(model: PrismaModel, table: Entry, history: Catalog, lines: list[str]) -> Iterator[SchemaDifference]:
    there = {
        _last(entry.name): entry
        for entry in history.entries.values()
        if entry.kind == "column" and entry.belongs_to == table.name
    }
    for name, entry in there.items():
        if name not in model.columns:
            yield SchemaDifference(DifferenceClass.LOST, "column", entry.name, entry.definition, None)
    for name, number in model.columns.items():
        declared = _declared(lines[number - 1])
        entry_there = there.get(name)
        if entry_there is None:
            yield SchemaDifference(DifferenceClass.LEFT_OVER, "column", f"{table.name}.{name}", None, declared or "")
        elif declared is not None and table.kind.endswith("table"):
            has = _type_of(entry_there.definition)
            if has != declared:
                yield SchemaDifference(DifferenceClass.CHANGED, "column", entry_there.name, has, declared)


def _declared(line: str) -> str | None:
    """The column's type and NOT NULL as the catalog would tell them; None for an enum or what has no native name."""
    field, native = _FIELD.match(line), _DB.search(line)
    if field is None:
        return None
    if native is not None:
        known = _NATIVE.get(native["type"])
        words = (native["words"] or "").replace(" ", "")
        spelled = _NOTHING.sub("", known.format(words)) if known else None
    else:
        spelled = _SCALARS.get(field["type"])
    if spelled is None:
        return None
    return f"{spelled}[]" if field["many"] else spelled + ("" if field["optional"] else " NOT NULL")


def _type_of(definition: str) -> str:
    """A column's definition without what this comparison does not look at; a list has NOT NULL or has it not."""
    kept = re.sub(r" (?:COLLATE|DEFAULT|GENERATED) .*$", "", definition, flags=re.DOTALL)
    return kept.removesuffix(" NOT NULL") if "[]" in kept else kept


def _last(name: str) -> str:
    """The unquoted last part of a qualified name."""
    parts = re.findall(r'"(?:[^"]|"")+"|[^.]+', name)
    return str(parts[-1]).strip('"').replace('""', '"')
