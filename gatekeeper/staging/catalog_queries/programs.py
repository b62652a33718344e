"""Functions, types, and what is built from both: aggregates, operators and their classes, casts, text search."""

from gatekeeper.staging.catalog_queries.words import USERS_SCHEMA, collation, grants, not_of_an_extension

_FUNCTION = "p.oid::regprocedure::text"
_FUNCTION_KIND = "CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END"
# What a type brings with it, such as the constructors of a range, depends on the type internally.
_FUNCTIONS_FROM = f"""FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE {USERS_SCHEMA} AND {not_of_an_extension("pg_proc", "p.oid")}
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                          AND d.deptype = 'i')"""

FUNCTIONS = f"""
    SELECT {_FUNCTION_KIND}, {_FUNCTION},
           CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE (SELECT format('AGGREGATE (%s) '
                    'KIND %s SFUNC %s STYPE %s SSPACE %s FINALFUNC %s %s %s COMBINEFUNC %s SERIALFUNC %s DESERIALFUNC '
                    '%s MSFUNC %s MINVFUNC %s MSTYPE %s MSSPACE %s MFINALFUNC %s %s %s INITCOND %s MINITCOND %s SORTOP '
                    '%s PARALLEL %s', pg_get_function_arguments(p.oid), g.aggkind, g.aggtransfn,
                    g.aggtranstype::regtype, g.aggtransspace, g.aggfinalfn, g.aggfinalextra, g.aggfinalmodify,
                    g.aggcombinefn, g.aggserialfn, g.aggdeserialfn, g.aggmtransfn, g.aggminvtransfn,
                    g.aggmtranstype::regtype, g.aggmtransspace, g.aggmfinalfn, g.aggmfinalextra, g.aggmfinalmodify,
                    g.agginitval, g.aggminitval, g.aggsortop::regoperator, p.proparallel)
                  FROM pg_aggregate g WHERE g.aggfnoid = p.oid) END, NULL {_FUNCTIONS_FROM}
    UNION ALL SELECT 'owner', {_FUNCTION_KIND} || ' ' || {_FUNCTION}, pg_get_userbyid(p.proowner), {_FUNCTION}
      {_FUNCTIONS_FROM}
    UNION ALL SELECT 'grants', {_FUNCTION_KIND} || ' ' || {_FUNCTION}, {grants("p.proacl", "f", "p.proowner")},
           {_FUNCTION} {_FUNCTIONS_FROM}
"""

_TYPE = "format('%I.%I', n.nspname, t.typname)"
_OWN_TYPES = f"""FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE t.typtype IN ('e', 'd', 'r', 'b', 'p') AND {USERS_SCHEMA}
       AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid) AND {not_of_an_extension("pg_type", "t.oid")}"""
_OWN_OR_COMPOSITE = f"""FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
      LEFT JOIN pg_class c ON c.oid = t.typrelid
     WHERE (t.typtype IN ('e', 'd', 'r', 'b', 'p') OR c.relkind = 'c') AND {USERS_SCHEMA}
       AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid) AND {not_of_an_extension("pg_type", "t.oid")}
       AND {not_of_an_extension("pg_class", "t.typrelid")}"""

TYPES = f"""
    SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range type' ELSE 'base type' END,
           {_TYPE},
           CASE t.typtype
               WHEN 'e' THEN 'ENUM (' || coalesce((SELECT string_agg(quote_literal(enumlabel), ', '
                    ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid), '') || ')'
               WHEN 'd' THEN concat_ws(' ', format_type(t.typbasetype, t.typtypmod),
                    CASE WHEN t.typcollation <> b.typcollation THEN 'COLLATE ' || {collation("t.typcollation")} END,
                    CASE WHEN t.typnotnull THEN 'NOT NULL' END, 'DEFAULT ' || t.typdefault,
                    (SELECT string_agg(quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid), ' '
                            ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'))
               WHEN 'r' THEN (SELECT concat_ws(' ', 'RANGE (SUBTYPE ' || r.rngsubtype::regtype::text,
                    'COLLATION ' || {collation("r.rngcollation")}, 'OPCLASS ' || o.opcname,
                    'CANONICAL ' || nullif(r.rngcanonical::text, '-'), 'DIFF ' || nullif(r.rngsubdiff::text, '-'),
                    'MULTIRANGE ' || ((to_jsonb(r)->>'rngmultitypid')::oid)::regtype::text) || ')'
                  FROM pg_range r JOIN pg_opclass o ON o.oid = r.rngsubopc WHERE r.rngtypid = t.oid)
               WHEN 'p' THEN 'SHELL'
               ELSE format('TYPE %s %s %s %s %s %s %s %s %s %s %s %s %s %s', t.typinput, t.typoutput, t.typreceive,
                    t.typsend, t.typmodin, t.typmodout, t.typanalyze, t.typlen, t.typbyval, t.typalign, t.typstorage,
                    t.typcategory, t.typispreferred, t.typdelim) END, NULL
      {_OWN_TYPES.replace("WHERE", "LEFT JOIN pg_type b ON b.oid = t.typbasetype WHERE", 1)}
    UNION ALL SELECT 'owner', 'type ' || {_TYPE}, pg_get_userbyid(t.typowner), {_TYPE} {_OWN_TYPES}
    UNION ALL SELECT 'grants', 'type ' || {_TYPE}, {grants("t.typacl", "T", "t.typowner")}, {_TYPE} {_OWN_OR_COMPOSITE}
"""

_MEMBERS = """(SELECT string_agg(member, ', ' ORDER BY member) FROM (
        SELECT format('OPERATOR %s %s FOR %s', m.amopstrategy, m.amopopr::regoperator, m.amoppurpose)
          FROM pg_amop m WHERE m.amopfamily = f.oid
        UNION ALL SELECT format('FUNCTION %s (%s, %s) %s', m.amprocnum, m.amproclefttype::regtype,
                                m.amprocrighttype::regtype, m.amproc)
          FROM pg_amproc m WHERE m.amprocfamily = f.oid) members(member))"""

OPERATORS = f"""
    SELECT 'operator', o.oid::regoperator::text,
           format('FUNCTION %s RETURNS %s COMMUTATOR %s NEGATOR %s RESTRICT %s JOIN %s %s %s', o.oprcode,
                  o.oprresult::regtype, o.oprcom::regoperator, o.oprnegate::regoperator, o.oprrest, o.oprjoin,
                  o.oprcanmerge, o.oprcanhash), NULL
      FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
     WHERE {USERS_SCHEMA} AND {not_of_an_extension("pg_operator", "o.oid")}
    UNION ALL SELECT 'operator class', format('%I.%I USING %I', n.nspname, o.opcname, a.amname),
           format('FOR %s FAMILY %I DEFAULT %s KEY %s', o.opcintype::regtype, f.opfname, o.opcdefault,
                  o.opckeytype::regtype), NULL
      FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace JOIN pg_am a ON a.oid = o.opcmethod
      JOIN pg_opfamily f ON f.oid = o.opcfamily
     WHERE {USERS_SCHEMA} AND {not_of_an_extension("pg_opclass", "o.oid")}
    UNION ALL SELECT 'operator family', format('%I.%I USING %I', n.nspname, f.opfname, a.amname),
           coalesce({_MEMBERS}, 'empty'), NULL
      FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am a ON a.oid = f.opfmethod
     WHERE {USERS_SCHEMA} AND {not_of_an_extension("pg_opfamily", "f.oid")}
    UNION ALL SELECT 'cast', format('(%s AS %s)', k.castsource::regtype, k.casttarget::regtype),
           format('%s %s %s', k.castmethod, k.castcontext, nullif(k.castfunc, 0)::regprocedure), NULL
      FROM pg_cast k WHERE k.oid >= 16384 AND {not_of_an_extension("pg_cast", "k.oid")}
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = k.oid
                          AND d.deptype = 'i')
    UNION ALL SELECT 'conversion', format('%I.%I', n.nspname, k.conname),
           format('FROM %s TO %s FUNCTION %s DEFAULT %s', pg_encoding_to_char(k.conforencoding),
                  pg_encoding_to_char(k.contoencoding), k.conproc, k.condefault), NULL
      FROM pg_conversion k JOIN pg_namespace n ON n.oid = k.connamespace
     WHERE {USERS_SCHEMA} AND {not_of_an_extension("pg_conversion", "k.oid")}
    UNION ALL SELECT 'collation', format('%I.%I', n.nspname, k.collname),
           concat_ws(' ', k.collprovider::text, k.collcollate, k.collctype, to_jsonb(k)->>'colliculocale',
                     to_jsonb(k)->>'colllocale', to_jsonb(k)->>'collicurules',
                     CASE WHEN NOT k.collisdeterministic THEN 'NOT DETERMINISTIC' END), NULL
      FROM pg_collation k JOIN pg_namespace n ON n.oid = k.collnamespace
     WHERE {USERS_SCHEMA} AND {not_of_an_extension("pg_collation", "k.oid")}
"""

TEXT_SEARCH = f"""
    SELECT 'text search configuration', format('%I.%I', n.nspname, k.cfgname),
           concat_ws(' ', 'PARSER ' || (SELECT prsname FROM pg_ts_parser WHERE oid = k.cfgparser),
               (SELECT string_agg(format('%s: %s', m.maptokentype, m.mapdict::regdictionary), ', '
                       ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = k.oid)), NULL
      FROM pg_ts_config k JOIN pg_namespace n ON n.oid = k.cfgnamespace
     WHERE {USERS_SCHEMA} AND {not_of_an_extension("pg_ts_config", "k.oid")}
    UNION ALL SELECT 'text search dictionary', format('%I.%I', n.nspname, k.dictname),
           concat_ws(' ', 'TEMPLATE ' || (SELECT tmplname FROM pg_ts_template WHERE oid = k.dicttemplate),
                     k.dictinitoption), NULL
      FROM pg_ts_dict k JOIN pg_namespace n ON n.oid = k.dictnamespace
     WHERE {USERS_SCHEMA} AND {not_of_an_extension("pg_ts_dict", "k.oid")}
    UNION ALL SELECT 'text search parser', format('%I.%I', n.nspname, k.prsname),
           format('%s %s %s %s %s', k.prsstart, k.prstoken, k.prsend, k.prsheadline, k.prslextype), NULL
      FROM pg_ts_parser k JOIN pg_namespace n ON n.oid = k.prsnamespace
     WHERE {USERS_SCHEMA} AND {not_of_an_extension("pg_ts_parser", "k.oid")}
    UNION ALL SELECT 'text search template', format('%I.%I', n.nspname, k.tmplname),
           format('%s %s', k.tmplinit, k.tmpllexize), NULL
      FROM pg_ts_template k JOIN pg_namespace n ON n.oid = k.tmplnamespace
     WHERE {USERS_SCHEMA} AND {not_of_an_extension("pg_ts_template", "k.oid")}
"""


def _owners(kind: str, catalog: str, prefix: str, name: str) -> str:
    return f"""
    SELECT 'owner', '{kind} ' || {name}, pg_get_userbyid(k.{prefix}owner), {name}
      FROM {catalog} k JOIN pg_namespace n ON n.oid = k.{prefix}namespace
     WHERE {USERS_SCHEMA} AND {not_of_an_extension(catalog, "k.oid")}"""


def _plain_name(column: str) -> str:
    return f"format('%I.%I', n.nspname, k.{column})"


OWNERS = " UNION ALL ".join(
    [
        _owners("operator", "pg_operator", "opr", "k.oid::regoperator::text"),
        _owners("conversion", "pg_conversion", "con", _plain_name("conname")),
        _owners("collation", "pg_collation", "coll", _plain_name("collname")),
        _owners("text search configuration", "pg_ts_config", "cfg", _plain_name("cfgname")),
        _owners("text search dictionary", "pg_ts_dict", "dict", _plain_name("dictname")),
    ]
)

ALL = (FUNCTIONS, TYPES, OPERATORS, TEXT_SEARCH, OWNERS)
