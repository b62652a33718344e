"""What of two catalogs from different places can be compared: who owns things, and what a server brings along, aside.

Pure.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from gatekeeper.staging.catalog import Catalog, Entry
from gatekeeper.staging.stand_ins import STAND_INS

THE_OWNER = "the owner"
_OF_NOBODY = frozenset({"pg_database_owner"})
_OF_THE_PLACE = frozenset({("owner", "the database"), ("grants", "the database"), ("grants", "language plpgsql")})
# With 15, CREATE on public went from everybody; the other two are told of every object from 17 and 18 on alone.
_MAINTAIN = re.compile(r"(?<=[=a-zA-Z*])m\*?(?=[a-zA-Z*]*/)")
# Since 16 the columns of a query's only table are told without its name.
_QUERIES = frozenset({"view", "materialized view", "rule"})
_QUALIFIER = re.compile(r'(?:"[^"]+"|\b[A-Za-z_]\w*)\.(?=["A-Za-z_*])')
_VERSIONED_KINDS = frozenset({"not null constraint"})
_VERSIONED = frozenset({("owner", "schema public"), ("grants", "schema public")})
_ROLE_KINDS = frozenset({"owner", "grants", "default grants"})


def at_home(catalog: Catalog) -> Catalog:
    """The catalog without what belongs to its server or database, its usual owner under a name for all places.

    A database is made with other owners and settings wherever it is made; no migration says anything about those.
    """
    owner = usual_owner(catalog)
    rename = _renaming(owner) if owner else _as_it_is
    entries = (
        replace(entry, name=rename(entry.name), definition=rename(entry.definition))
        if entry.kind in _ROLE_KINDS
        else entry
        for entry in catalog.entries.values()
        if entry.kind != "setting" and (entry.kind, entry.name) not in _OF_THE_PLACE
    )
    return with_entries(catalog, entries)


def usual_owner(catalog: Catalog) -> str | None:
    """The role that most objects belong to."""
    owners = Counter(
        entry.definition
        for key, entry in catalog.entries.items()
        if entry.kind == "owner" and key not in _OF_THE_PLACE and entry.definition not in _OF_NOBODY
    )
    return owners.most_common(1)[0][0] if owners else None


def between_versions(catalog: Catalog) -> Catalog:
    """Without what servers of different major versions tell differently of one and the same schema."""
    entries = (
        replace(entry, definition=_in_any_version(entry))
        for entry in catalog.entries.values()
        if entry.kind not in _VERSIONED_KINDS and (entry.kind, entry.name) not in _VERSIONED
    )
    return with_entries(catalog, entries)


def _in_any_version(entry: Entry) -> str:
    if entry.kind == "grants":
        return _MAINTAIN.sub("", entry.definition)
    if entry.kind == "extension":  # each server brings its own version of what comes with it
        return entry.definition.partition(" ")[2]
    return _QUALIFIER.sub("", entry.definition) if entry.kind in _QUERIES else entry.definition


def without_stand_ins(catalog: Catalog, extensions: Collection[str]) -> Catalog:
    """Without these extensions, or the functions that stand in for them."""
    functions = {name.partition("(")[0] for extension in extensions for name in STAND_INS.get(extension, ())}

    def is_stand_in(entry: Entry) -> bool:
        about = entry.name if entry.kind in {"function", "extension"} else entry.belongs_to or ""
        return about in extensions or ("(" in about and about.partition("(")[0].rpartition(".")[2] in functions)

    return with_entries(catalog, (entry for entry in catalog.entries.values() if not is_stand_in(entry)))


def without_schemas(catalog: Catalog, schemas: Collection[str]) -> Catalog:
    """Without these schemas and all that is in them."""
    named = "|".join(map(re.escape, sorted(schemas)))
    within = re.compile(rf'(^|[\s"])({named})("?\.|"?$)')
    kept = (one for one in catalog.entries.values() if not within.search(one.name))
    return with_entries(catalog, kept)


def with_entries(catalog: Catalog, entries: Iterable[Entry]) -> Catalog:
    """The same columns in their order, other entries."""
    kept = {(entry.kind, entry.name): entry for entry in entries}
    order = {relation: columns for relation, columns in catalog.column_order.items() if _is_known(relation, kept)}
    return Catalog(kept, order)


def _is_known(relation: str, entries: Collection[tuple[str, str]]) -> bool:
    return any((kind, relation) in entries for kind in ("table", "partitioned table", "view", "materialized view"))


def _renaming(role: str) -> Callable[[str], str]:
    """A role stands alone, or as a word of its own among rights."""
    word = re.compile(rf'(?<![\w"])"?{re.escape(role)}"?(?![\w"])')
    return lambda text: ", ".join(sorted(word.sub(THE_OWNER, text).split(", ")))


def _as_it_is(text: str) -> str:
    return text
