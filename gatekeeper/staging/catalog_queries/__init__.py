"""What a catalog holds, as plain set queries. Each row: kind, name, definition, and the object it belongs to.

Names, never OIDs. What differs between PostgreSQL 12 and 18 is read through to_jsonb, which gives NULL for a
column that a version lacks. Objects of extensions are left out: the extension's version stands for them. What can
differ without the rest of an object (its grants, its storage, its comment) is an entry of its own. The session's
search_path has to be pg_catalog.
"""

from functools import cache

from gatekeeper.staging.catalog_queries import database, programs, relations
from gatekeeper.staging.catalog_queries.words import USERS_RELATION


def of_relations(version: int) -> tuple[str, ...]:
    """What hangs on a relation, whose OID is the fifth column."""
    return (*relations.ALL, relations.column_attributes(version))


@cache
def of_these_relations(version: int) -> tuple[str, ...]:
    """The same of the relations whose OIDs are the parameter."""
    these = f"{USERS_RELATION} AND c.oid = ANY ($1::oid[])"
    return tuple(query.replace(USERS_RELATION, these) for query in of_relations(version))


def of_database(version: int) -> tuple[str, ...]:
    """Everything else."""
    return (database.publications(version), *programs.ALL, *database.ALL)
