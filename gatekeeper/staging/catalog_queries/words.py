"""The parts that the queries share: whose objects are read, and how grants and names are spelled."""

USERS_SCHEMA = "n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"


def not_of_an_extension(catalog: str, oid: str) -> str:
    """Leaves out what CREATE EXTENSION made."""
    return (
        "NOT EXISTS (SELECT FROM pg_depend x "
        f"WHERE x.classid = '{catalog}'::regclass AND x.objid = {oid} AND x.deptype = 'e')"
    )


def grants(acl: str, kind: str, owner: str) -> str:
    """Sorted; NULL means the default grants, which are spelled out so that both compare alike."""
    return (
        "(SELECT string_agg(item::text, ', ' ORDER BY item::text) "
        f"FROM unnest(coalesce({acl}, acldefault('{kind}', {owner}))) item)"
    )


RELATION = "format('%I.%I', n.nspname, c.relname)"
RELATION_KIND = """CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
    WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table'
    ELSE 'composite type' END"""
USERS_RELATION = f"{USERS_SCHEMA} AND {not_of_an_extension('pg_class', 'c.oid')}"
RELATIONS_FROM = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"


def collation(oid: str) -> str:
    """Its name with the schema; the type regcollation came with PostgreSQL 13."""
    return (
        "(SELECT format('%I.%I', cn.nspname, co.collname) FROM pg_collation co "
        f"JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = {oid})"
    )
