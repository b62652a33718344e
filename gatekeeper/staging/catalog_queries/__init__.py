"""What a catalog holds, as plain set queries. Each row: kind, name, definition, and the object it belongs to.

Names, never OIDs. What differs between PostgreSQL 12 and 18 is read through to_jsonb, which gives NULL for a
column that a version lacks. Objects of extensions are left out: the extension's version stands for them. What can
differ without the rest of an object (its grants, its storage, its comment) is an entry of its own.
"""

from gatekeeper.staging.catalog_queries import database, programs, relations


def queries(version: int) -> tuple[str, ...]:
    """All of them for a server of this major version; the session's search_path has to be pg_catalog."""
    of_version = (relations.column_attributes(version), database.publications(version))
    return (*relations.ALL, *of_version, *programs.ALL, *database.ALL)
