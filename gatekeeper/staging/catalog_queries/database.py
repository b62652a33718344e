"""What belongs to the database as a whole: schemas, extensions, foreign servers, publications, grants, comments."""

from gatekeeper.staging.catalog_queries.words import USERS_SCHEMA, grants, not_of_an_extension

_SCHEMAS_FROM = f"FROM pg_namespace n WHERE {USERS_SCHEMA} AND {not_of_an_extension('pg_namespace', 'n.oid')}"

SCHEMAS = f"""
    SELECT 'schema', quote_ident(n.nspname), 'CREATE SCHEMA ' || quote_ident(n.nspname), NULL {_SCHEMAS_FROM}
    UNION ALL SELECT 'owner', 'schema ' || quote_ident(n.nspname), pg_get_userbyid(n.nspowner), quote_ident(n.nspname)
      {_SCHEMAS_FROM}
    UNION ALL SELECT 'grants', 'schema ' || quote_ident(n.nspname), {grants("n.nspacl", "n", "n.nspowner")},
           quote_ident(n.nspname) {_SCHEMAS_FROM}
"""

# Grants on what an extension made count where they are not those that its script gave.
EXTENSIONS = f"""
    SELECT 'extension', quote_ident(e.extname), e.extversion || ' in ' || n.nspname, NULL
      FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    UNION ALL SELECT 'grants', 'function ' || p.oid::regprocedure::text, {grants("p.proacl", "f", "p.proowner")},
           quote_ident(e.extname)
      FROM pg_extension e JOIN pg_depend x ON x.refclassid = 'pg_extension'::regclass AND x.refobjid = e.oid
       AND x.deptype = 'e' AND x.classid = 'pg_proc'::regclass JOIN pg_proc p ON p.oid = x.objid
      LEFT JOIN pg_init_privs i ON i.classoid = x.classid AND i.objoid = x.objid AND i.objsubid = 0
     WHERE coalesce(p.proacl, acldefault('f', p.proowner)) <> coalesce(i.initprivs, acldefault('f', p.proowner))
    UNION ALL SELECT 'grants', 'relation ' || c.oid::regclass::text, {grants("c.relacl", "r", "c.relowner")},
           quote_ident(e.extname)
      FROM pg_extension e JOIN pg_depend x ON x.refclassid = 'pg_extension'::regclass AND x.refobjid = e.oid
       AND x.deptype = 'e' AND x.classid = 'pg_class'::regclass JOIN pg_class c ON c.oid = x.objid
      LEFT JOIN pg_init_privs i ON i.classoid = x.classid AND i.objoid = x.objid AND i.objsubid = 0
     WHERE c.relkind <> 'i' AND coalesce(c.relacl, acldefault('r', c.relowner))
           <> coalesce(i.initprivs, acldefault('r', c.relowner))
"""

_OPTIONS = "'OPTIONS (' || (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest({0}) o) || ')'"

FOREIGN = f"""
    SELECT 'foreign data wrapper', quote_ident(w.fdwname),
           concat_ws(' ', 'HANDLER ' || nullif(w.fdwhandler, 0)::regprocedure::text,
                     'VALIDATOR ' || nullif(w.fdwvalidator, 0)::regprocedure::text, {_OPTIONS.format("w.fdwoptions")}),
           NULL
      FROM pg_foreign_data_wrapper w WHERE {not_of_an_extension("pg_foreign_data_wrapper", "w.oid")}
    UNION ALL SELECT 'grants', 'foreign data wrapper ' || quote_ident(w.fdwname),
           {grants("w.fdwacl", "F", "w.fdwowner")}, quote_ident(w.fdwname) FROM pg_foreign_data_wrapper w
    UNION ALL SELECT 'owner', 'foreign data wrapper ' || quote_ident(w.fdwname), pg_get_userbyid(w.fdwowner),
           quote_ident(w.fdwname) FROM pg_foreign_data_wrapper w
    UNION ALL SELECT 'foreign server', quote_ident(s.srvname),
           concat_ws(' ', 'TYPE ' || s.srvtype, 'VERSION ' || s.srvversion, 'FOREIGN DATA WRAPPER ' || w.fdwname,
                     {_OPTIONS.format("s.srvoptions")}), NULL
      FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
    UNION ALL SELECT 'grants', 'foreign server ' || quote_ident(s.srvname), {grants("s.srvacl", "S", "s.srvowner")},
           quote_ident(s.srvname) FROM pg_foreign_server s
    UNION ALL SELECT 'owner', 'foreign server ' || quote_ident(s.srvname), pg_get_userbyid(s.srvowner),
           quote_ident(s.srvname) FROM pg_foreign_server s
    UNION ALL SELECT 'user mapping', quote_ident(m.usename) || ' on ' || quote_ident(m.srvname),
           concat_ws(' ', 'USER MAPPING', {_OPTIONS.format("m.umoptions")}), quote_ident(m.srvname)
      FROM pg_user_mappings m
"""

OTHERS = f"""
    SELECT 'event trigger', quote_ident(g.evtname),
           concat_ws(' ', 'ON', g.evtevent, 'WHEN TAG IN (' || array_to_string(g.evttags, ', ') || ')', 'EXECUTE',
                     g.evtfoid::regprocedure::text, CASE g.evtenabled WHEN 'O' THEN '' WHEN 'D' THEN 'DISABLED'
                     WHEN 'A' THEN 'ENABLED ALWAYS' ELSE 'ENABLED FOR REPLICA' END), NULL FROM pg_event_trigger g
    UNION ALL SELECT 'owner', 'event trigger ' || quote_ident(g.evtname), pg_get_userbyid(g.evtowner),
           quote_ident(g.evtname) FROM pg_event_trigger g
    UNION ALL SELECT 'language', quote_ident(l.lanname), format('HANDLER %s INLINE %s VALIDATOR %s TRUSTED %s',
           l.lanplcallfoid::regproc, l.laninline::regproc, l.lanvalidator::regproc, l.lanpltrusted), NULL
      FROM pg_language l WHERE l.lanispl AND {not_of_an_extension("pg_language", "l.oid")}
    UNION ALL SELECT 'grants', 'language ' || quote_ident(l.lanname), {grants("l.lanacl", "l", "l.lanowner")},
           quote_ident(l.lanname) FROM pg_language l WHERE l.lanispl
    UNION ALL SELECT 'access method', quote_ident(a.amname), a.amtype::text || ' ' || a.amhandler, NULL
      FROM pg_am a WHERE a.oid >= 16384 AND {not_of_an_extension("pg_am", "a.oid")}
    UNION ALL SELECT 'transform', format('for %s language %I', t.trftype::regtype, l.lanname),
           format('FROM %s TO %s', t.trffromsql, t.trftosql), NULL
      FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang
     WHERE {not_of_an_extension("pg_transform", "t.oid")}
    UNION ALL SELECT 'default grants', format('on %s of %s in %s', CASE d.defaclobjtype WHEN 'r' THEN 'tables'
           WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas'
           ELSE d.defaclobjtype::text END, quote_ident(pg_get_userbyid(d.defaclrole)),
           coalesce(quote_ident(n.nspname), 'every schema')),
           coalesce((SELECT string_agg(item::text, ', ' ORDER BY item::text) FROM unnest(d.defaclacl) item), 'none'),
           NULL FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
    UNION ALL SELECT 'setting', concat_ws(' ', CASE WHEN s.setdatabase <> 0 THEN 'of the database' END,
           CASE WHEN s.setrole <> 0 THEN 'of role ' || quote_ident(pg_get_userbyid(s.setrole)) END),
           (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(s.setconfig) o), NULL
      FROM pg_db_role_setting s
     WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    UNION ALL SELECT 'owner', 'the database', pg_get_userbyid(d.datdba), NULL
      FROM pg_database d WHERE d.datname = current_database()
    UNION ALL SELECT 'grants', 'the database', {grants("d.datacl", "d", "d.datdba")}, NULL
      FROM pg_database d WHERE d.datname = current_database()
    UNION ALL SELECT 'subscription', quote_ident(s.subname), format('ENABLED %s SLOT %s COMMIT %s PUBLICATIONS %s',
           s.subenabled, s.subslotname, s.subsynccommit, s.subpublications), NULL
      FROM pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

COMMENTS = """
    SELECT 'comment', i.type || ' ' || i.identity, quote_literal(d.description), i.identity
      FROM pg_description d, LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
     WHERE (d.objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass AND d.objoid = 2200)  -- 2200 is always public
       AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = d.classoid AND x.objid = d.objoid AND x.deptype = 'e')
    UNION ALL SELECT 'comment', 'the database', quote_literal(d.description), NULL
      FROM pg_shdescription d WHERE d.classoid = 'pg_database'::regclass
       AND d.objoid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT 'security label', concat_ws(' ', l.provider, 'on', i.type, i.identity), l.label, i.identity
      FROM pg_seclabel l, LATERAL pg_identify_object(l.classoid, l.objoid, l.objsubid) i
"""

ALL = (SCHEMAS, EXTENSIONS, FOREIGN, OTHERS, COMMENTS)

_COLUMN_LISTS_SINCE = 15


def publications(version: int) -> str:
    """Publications with their tables; column lists, row filters and whole schemas came with PostgreSQL 15."""
    if version < _COLUMN_LISTS_SINCE:
        return _PUBLICATIONS + _PUBLISHED.format(what="'all'")
    return _PUBLICATIONS + _PUBLISHED.format(what=_PARTS) + _PUBLISHED_SCHEMAS


_PUBLICATIONS = """
    SELECT 'publication', quote_ident(p.pubname),
           concat_ws(' ', CASE WHEN p.puballtables THEN 'FOR ALL TABLES' END, CASE WHEN p.pubinsert THEN 'insert' END,
                     CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
                     CASE WHEN p.pubtruncate THEN 'truncate' END, 'via root ' || (to_jsonb(p)->>'pubviaroot'),
                     'generated ' || (to_jsonb(p)->>'pubgencols')), NULL FROM pg_publication p
    UNION ALL SELECT 'owner', 'publication ' || quote_ident(p.pubname), pg_get_userbyid(p.pubowner),
           quote_ident(p.pubname) FROM pg_publication p
"""
_PUBLISHED = """
    UNION ALL SELECT 'published table', quote_ident(p.pubname) || ' of ' || r.prrelid::regclass::text, {what},
           quote_ident(p.pubname) FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
"""
_PARTS = """
    concat_ws(' ', coalesce('(' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname)
                                      FROM pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs))
                                || ')', 'all'), 'WHERE ' || pg_get_expr(r.prqual, r.prrelid))"""
_PUBLISHED_SCHEMAS = """
    UNION ALL SELECT 'published schema', quote_ident(p.pubname) || ' of ' || s.pnnspid::regnamespace::text, 'all',
           quote_ident(p.pubname) FROM pg_publication_namespace s JOIN pg_publication p ON p.oid = s.pnpubid
"""
