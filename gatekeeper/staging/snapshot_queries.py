"""What a snapshot of a database is made of, as plain set queries on catalogs; they open no table of the users'.

Names come as arrays of schema and name. What PostgreSQL 12 to 18 differ in is read through to_jsonb.
"""

_OURS = "n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"
_FROM = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
_KINDS = "c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')"

RELATIONS = f"""
    SELECT c.oid, ARRAY[n.nspname::text, c.relname::text] AS name, c.relkind::text AS relkind, c.relispartition,
           c.reltuples::float8 AS reltuples, c.relpages, current_setting('block_size')::int AS block_size,
           coalesce(s.n_live_tup, 0) AS live_rows, s.last_analyze IS NOT NULL OR s.last_autoanalyze IS NOT NULL
               OR s.last_vacuum IS NOT NULL OR s.last_autovacuum IS NOT NULL AS is_analyzed,
           coalesce((SELECT relpages FROM pg_class t WHERE t.oid = c.reltoastrelid), 0) AS toast_pages,
           coalesce((SELECT sum(ic.relpages) FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
                      WHERE i.indrelid = c.oid), 0)::bigint AS index_pages,
           (SELECT array_agg(ARRAY[pn.nspname::text, p.relname::text] ORDER BY h.inhseqno) FROM pg_inherits h
              JOIN pg_class p ON p.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
             WHERE h.inhrelid = c.oid) AS parents,
           EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partdefid = c.oid) AS is_default_partition,
           (SELECT array_agg(coalesce(a.attname::text, '(expression)') ORDER BY k.place)
              FROM pg_partitioned_table p, unnest(p.partattrs::int2[]) WITH ORDINALITY k (number, place)
              LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number AND k.number > 0
             WHERE p.partrelid = c.oid) AS partition_key,
           (SELECT format_type(q.seqtypid, NULL) FROM pg_sequence q WHERE q.seqrelid = c.oid) AS data_type,
           c.relrowsecurity AS row_security, c.relforcerowsecurity AS row_security_forced,
           c.relpersistence <> 'u' AS logged,
           (SELECT ARRAY[tn.nspname::text, t.relname::text, a.attname::text] FROM pg_depend d
              JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
              JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
             WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
               AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1) AS owned_by
      {_FROM} LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
     WHERE {_KINDS} AND {_OURS} ORDER BY n.nspname, c.relname
"""

# pg_get_expr opens no table where no column is named, which a default may not do; a generated column does.
COLUMNS = f"""
    SELECT c.oid, a.attnum AS number, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
           a.attnotnull AS not_null, a.attidentity <> '' AS identity,
           a.attidentity = 'a' AS always, a.attgenerated::text AS generated,
           CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, 0) END AS default,
           (SELECT o.collname::text FROM pg_collation o, pg_type t WHERE t.oid = a.atttypid
               AND o.oid = a.attcollation AND a.attcollation <> t.typcollation) AS collation,
           EXISTS (SELECT FROM pg_type t WHERE t.oid = a.atttypid AND t.typtype = 'd' AND (t.typnotnull
               OR EXISTS (SELECT FROM pg_constraint k WHERE k.contypid = t.oid))) AS domain,
           EXISTS (SELECT FROM pg_proc f WHERE f.provolatile = 'v'
                      AND f.oid::text IN (SELECT m[1] FROM regexp_matches(d.adbin::text, ':funcid (\\d+) ', 'g') m))
               AS is_volatile
      {_FROM} JOIN pg_attribute a ON a.attrelid = c.oid
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND {_OURS}
     ORDER BY c.oid, a.attnum
"""


def _names_of(keys: str, relation: str) -> str:
    return (
        "(SELECT array_agg(a.attname::text ORDER BY key.place) "
        f"FROM unnest({keys}) WITH ORDINALITY key (number, place) "
        f"JOIN pg_attribute a ON a.attrelid = {relation} AND a.attnum = key.number)"
    )


CONSTRAINTS = f"""
    SELECT c.oid, k.conname::text AS name, k.contype::text AS contype, k.convalidated AS valid,
           k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update, k.condeferrable AS deferrable,
           coalesce((to_jsonb(k)->>'conenforced')::bool, true) AS enforced, NOT k.connoinherit AS inherited,
           {_names_of("k.conkey", "k.conrelid")} AS columns,
           {_names_of("k.confkey", "k.confrelid")} AS referenced_columns,
           (SELECT ARRAY[rn.nspname::text, r.relname::text] FROM pg_class r JOIN pg_namespace rn
                ON rn.oid = r.relnamespace WHERE r.oid = k.confrelid) AS references,
           k.conbin::text AS tree
      {_FROM} JOIN pg_constraint k ON k.conrelid = c.oid
     WHERE k.contype IN ('c', 'f', 'p', 'u', 'x', 'n') AND {_OURS} ORDER BY c.oid, k.conname
"""

INDEXES = f"""
    SELECT c.oid, ARRAY[n.nspname::text, ic.relname::text] AS name, i.indisunique AS unique, i.indisvalid AS valid,
           (SELECT array_agg(coalesce(a.attname::text, '(expression)') ORDER BY k.place)
              FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place)
              LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number AND k.number > 0
             WHERE k.place <= i.indnkeyatts) AS columns,
           (SELECT array_agg(a.attname::text ORDER BY k.place)
              FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place)
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
             WHERE k.place > i.indnkeyatts) AS included,
           m.amname::text AS method, i.indpred IS NOT NULL AS partial,
           NOT EXISTS (SELECT FROM unnest(i.indclass::oid[]) k (oid) JOIN pg_opclass o ON o.oid = k.oid
                        WHERE NOT o.opcdefault) AND 0 = ALL (i.indoption::int2[]) AS plain,
           EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = ic.oid AND k.contype IN ('p', 'u', 'x'))
               AS of_constraint,
           (SELECT ARRAY[pn.nspname::text, p.relname::text] FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent
              JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE h.inhrelid = ic.oid) AS part_of
      {_FROM} JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class ic ON ic.oid = i.indexrelid
      JOIN pg_am m ON m.oid = ic.relam
     WHERE {_KINDS} AND {_OURS} ORDER BY c.oid, ic.relname
"""

VIEWS = f"""
    SELECT c.oid, ARRAY[tn.nspname::text, t.relname::text] AS reads,
           array_remove(array_agg(DISTINCT a.attname::text), NULL) AS mentions
      {_FROM} JOIN pg_rewrite w ON w.ev_class = c.oid
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
       AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
      JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
      LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
     WHERE c.relkind IN ('v', 'm') AND {_OURS} GROUP BY 1, 2 ORDER BY 1, 2
"""

# tgtype is a set of bits: 1 row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate, 64 instead (pg_trigger.h).
TRIGGERS = f"""
    SELECT c.oid, g.tgname::text AS name, p.proname::text AS function, g.tgtype::int AS bits,
           g.tgconstraint <> 0 AS is_constraint, g.tgenabled <> 'D' AS enabled
      {_FROM} JOIN pg_trigger g ON g.tgrelid = c.oid JOIN pg_proc p ON p.oid = g.tgfoid
     WHERE NOT g.tgisinternal AND {_OURS} ORDER BY c.oid, g.tgname
"""

POLICIES = f"""
    SELECT c.oid, p.polname::text AS name, p.polcmd::text AS command, p.polpermissive AS permissive,
           (SELECT array_agg(CASE WHEN r = 0 THEN 'public' ELSE pg_get_userbyid(r)::text END)
              FROM unnest(p.polroles) r) AS roles
      {_FROM} JOIN pg_policy p ON p.polrelid = c.oid WHERE {_OURS} ORDER BY c.oid, p.polname
"""

TYPES = f"""
    SELECT format_type(t.oid, NULL) AS name, t.typtype::text AS kind,
           (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)
               AS labels,
           CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS base,
           t.typnotnull OR EXISTS (SELECT FROM pg_constraint k WHERE k.contypid = t.oid) AS constrained
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
     WHERE t.typtype IN ('e', 'd', 'r', 'c') AND (t.typtype <> 'c' OR c.relkind = 'c') AND {_OURS} ORDER BY 1
"""

# A publication of all tables, or of a schema, publishes tables that are still to come.
PUBLICATIONS = """
    SELECT p.pubname::text AS name, p.puballtables AS all_tables,
           (SELECT array_agg(ARRAY[n.nspname::text, t.relname::text] ORDER BY n.nspname, t.relname)
              FROM pg_publication_rel r JOIN pg_class t ON t.oid = r.prrelid
              JOIN pg_namespace n ON n.oid = t.relnamespace
             WHERE r.prpubid = p.oid) AS tables
      FROM pg_publication p ORDER BY 1
"""

OBJECTS = f"""
    SELECT 'SCHEMA' AS kind, n.nspname::text AS name FROM pg_namespace n WHERE {_OURS} AND n.nspname <> 'public'
    UNION ALL SELECT 'EXTENSION', extname::text FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1, 2
"""

OF_RELATIONS = {
    "columns": COLUMNS,
    "constraints": CONSTRAINTS,
    "indexes": INDEXES,
    "views": VIEWS,
    "triggers": TRIGGERS,
    "policies": POLICIES,
}
