"""Whether a catalog has changed since it was read, without reading it again.

Whatever DDL writes, it writes as rows with a transaction number higher than any before, or it takes rows away: between
two transactions the number of rows of every catalog and the sum of their transaction numbers tell. Rows of PostgreSQL
itself, which nobody compares, are left out where that is cheap.
"""

_BY_OID = (
    "proc", "enum", "operator", "opclass", "opfamily", "amop", "amproc", "cast", "conversion", "collation", "ts_config",
    "ts_dict", "ts_parser", "ts_template", "extension", "foreign_data_wrapper", "foreign_server", "event_trigger", "am",
    "transform", "publication", "publication_rel", "language",
)  # fmt: skip
_BY_OTHER_OID = {
    "aggregate": "aggfnoid",
    "range": "rngtypid",
    "ts_config_map": "mapcfg",
    "seclabel": "objoid",
    "init_privs": "objoid",
}
_WHOLE = ("namespace", "default_acl", "db_role_setting", "database", "shdescription")
_FIRST_OF_USERS = 16384
_SCHEMAS_PUBLISHED_SINCE = 15

# Row types and arrays come with their tables and types.
_TYPES = f"""oid >= {_FIRST_OF_USERS} AND typcategory <> 'A' AND (
    typtype <> 'c' OR EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND c.relkind = 'c'))"""
_MEMBERSHIPS = "deptype = 'e' OR deptype = 'i' AND classid IN ('pg_proc'::regclass, 'pg_cast'::regclass)"
_COMMENTS = f"objoid >= {_FIRST_OF_USERS} OR objoid = 2200"

_OF_RELATIONS = {
    "class": "oid",
    "attribute": "attrelid",
    "attrdef": "adrelid",
    "constraint": "conrelid",
    "index": "indexrelid",
    "inherits": "inhrelid",
    "policy": "polrelid",
    "rewrite": "ev_class",
    "statistic_ext": "stxrelid",
    "sequence": "seqrelid",
    "partitioned_table": "partrelid",
    "foreign_table": "ftrelid",
}

_ROWS_OF_RELATIONS = " UNION ALL ".join(
    f"SELECT r.owner, x.xmin::text::bigint FROM pg_{name} x JOIN relations r ON r.oid = x.{column}"
    for name, column in _OF_RELATIONS.items()
)

# For each relation, its indexes and its TOAST table among it. A trigger of a foreign key counts for both tables.
RELATION_STAMPS = f"""
    WITH relations (oid, owner) AS MATERIALIZED (
        SELECT c.oid, coalesce(i.indrelid, c.oid) FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
         WHERE c.oid >= {_FIRST_OF_USERS} AND c.relnamespace <> 'pg_toast'::regnamespace)
    SELECT owner::bigint, array[count(*), sum(xmin)]::bigint[] FROM ({_ROWS_OF_RELATIONS}
        UNION ALL SELECT c.oid, t.xmin::text::bigint FROM pg_class c JOIN pg_class t ON t.oid = c.reltoastrelid
         WHERE c.oid >= {_FIRST_OF_USERS}
        UNION ALL SELECT tgrelid, xmin::text::bigint FROM pg_trigger
        UNION ALL SELECT tgconstrrelid, xmin::text::bigint FROM pg_trigger WHERE tgconstrrelid <> 0
        UNION ALL SELECT r.owner, x.xmin::text::bigint FROM pg_depend x JOIN relations r ON r.oid = x.objid
         WHERE x.classid = 'pg_class'::regclass
    ) rows (owner, xmin) WHERE owner >= {_FIRST_OF_USERS} GROUP BY owner
"""

# Names that the definitions of relations may contain, whole rows where there are few.
NAMES = f"""
    SELECT 'proc', oid::bigint, concat_ws(' ', proname, pronamespace, provariadic, proargtypes) FROM pg_proc
     WHERE oid >= {_FIRST_OF_USERS}
    UNION ALL SELECT 'type', oid, concat_ws(' ', typname, typnamespace, typstorage, typcollation, typtype) FROM pg_type
     WHERE oid >= {_FIRST_OF_USERS} AND typtype <> 'c' AND typcategory <> 'A'
    UNION ALL SELECT 'enum', oid, enumlabel FROM pg_enum
    UNION ALL SELECT 'schema', oid, nspname FROM pg_namespace
    UNION ALL SELECT 'role', oid, rolname FROM pg_roles
    UNION ALL SELECT 'tablespace', oid, spcname FROM pg_tablespace
    UNION ALL SELECT 'server', oid, x::text FROM pg_foreign_server x
    UNION ALL SELECT 'access method', oid, amname FROM pg_am
    UNION ALL SELECT 'collation', oid, concat_ws(' ', collname, collnamespace) FROM pg_collation
     WHERE oid >= {_FIRST_OF_USERS}
    UNION ALL SELECT 'operator', oid, x::text FROM pg_operator x WHERE oid >= {_FIRST_OF_USERS}
    UNION ALL SELECT 'operator class', oid, x::text FROM pg_opclass x WHERE oid >= {_FIRST_OF_USERS}
    UNION ALL SELECT 'configuration', oid, concat_ws(' ', cfgname, cfgnamespace) FROM pg_ts_config
     WHERE oid >= {_FIRST_OF_USERS}
    UNION ALL SELECT 'dictionary', oid, concat_ws(' ', dictname, dictnamespace) FROM pg_ts_dict
     WHERE oid >= {_FIRST_OF_USERS}
"""


def database_stamp(version: int) -> str:
    """One row of one array, of all that hangs on no relation."""
    parts = [_part(name, f"oid >= {_FIRST_OF_USERS}") for name in _BY_OID]
    parts += [_part(name, f"{column} >= {_FIRST_OF_USERS}") for name, column in _BY_OTHER_OID.items()]
    parts += [_part(name, "true") for name in _WHOLE]
    parts += [_part("type", _TYPES), _part("constraint", "contypid <> 0")]
    parts += [_part("depend", _MEMBERSHIPS), _part("description", _COMMENTS)]
    if version >= _SCHEMAS_PUBLISHED_SINCE:
        parts.append(_part("publication_namespace", "true"))
    parts.append("SELECT count(*), sum(hashtext(rolname)) FROM pg_roles")
    parts.append("SELECT count(*), sum(hashtext(m::text)) FROM pg_user_mappings m")
    parts.append("SELECT oid::bigint, 0 FROM pg_database WHERE datname = current_database()")
    return f"SELECT array_agg(ARRAY[rows, numbers]) FROM ({' UNION ALL '.join(parts)}) parts(rows, numbers)"


def _part(name: str, condition: str) -> str:
    return f"SELECT count(*), coalesce(sum(xmin::text::bigint), 0) FROM pg_{name} WHERE {condition}"
