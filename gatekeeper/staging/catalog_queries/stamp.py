"""Whether a catalog has changed since it was read, without reading it again.

Whatever DDL writes, it writes as rows with a new transaction number, or it takes rows away: between two transactions
the number of rows of every catalog and the sum of their transaction numbers tell. Rows of PostgreSQL itself, which
nobody compares, are left out where that is cheap.
"""

_BY_OID = (
    "class", "constraint", "trigger", "rewrite", "policy", "statistic_ext", "attrdef", "proc", "type", "enum",
    "operator", "opclass", "opfamily", "amop", "amproc", "cast", "conversion", "collation", "ts_config", "ts_dict",
    "ts_parser", "ts_template", "extension", "foreign_data_wrapper", "foreign_server", "event_trigger", "am",
    "transform", "publication", "publication_rel", "language",
)  # fmt: skip
_BY_OTHER_OID = {
    "attribute": "attrelid",
    "index": "indexrelid",
    "inherits": "inhrelid",
    "sequence": "seqrelid",
    "partitioned_table": "partrelid",
    "foreign_table": "ftrelid",
    "aggregate": "aggfnoid",
    "range": "rngtypid",
    "ts_config_map": "mapcfg",
    "depend": "objid",
    "seclabel": "objoid",
    "init_privs": "objoid",
}
_WHOLE = ("namespace", "default_acl", "db_role_setting", "database", "shdescription")
_FIRST_OF_USERS = 16384
_SCHEMAS_PUBLISHED_SINCE = 15


def stamp(version: int) -> str:
    """One row of one array: for every catalog how many rows it has, and the sum of their transaction numbers."""
    parts = [_part(f"pg_{name}", f"oid >= {_FIRST_OF_USERS}") for name in _BY_OID]
    parts += [_part(f"pg_{name}", f"{column} >= {_FIRST_OF_USERS}") for name, column in _BY_OTHER_OID.items()]
    parts += [_part(f"pg_{name}", "true") for name in _WHOLE]
    parts.append(_part("pg_description", f"objoid >= {_FIRST_OF_USERS} OR objoid = 2200"))
    if version >= _SCHEMAS_PUBLISHED_SINCE:
        parts.append(_part("pg_publication_namespace", "true"))
    names = "SELECT count(*), sum(hashtext(rolname)) FROM pg_roles"
    mappings = "SELECT count(*), sum(hashtext(m::text)) FROM pg_user_mappings m"
    whose = "SELECT oid::bigint, 0 FROM pg_database WHERE datname = current_database()"
    rows = " UNION ALL ".join([*parts, names, mappings, whose])
    return f"SELECT array_agg(ARRAY[rows, numbers]) FROM ({rows}) parts(rows, numbers)"


def _part(catalog: str, condition: str) -> str:
    return f"SELECT count(*), coalesce(sum(xmin::text::bigint), 0) FROM {catalog} WHERE {condition}"
