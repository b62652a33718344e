"""Ask from outside, while a transaction is open, who would have to wait for it: PostgreSQL answers, not a table."""

import json
from collections.abc import Mapping
from typing import Any

from psycopg import Connection, sql

from gatekeeper.staging.lock_map import LockMap
from migrations_lint.locks import LockMode
from migrations_lint.model import Relation

# Anybody who only reads or writes rows takes no more than these, and they never conflict with one another.
_EVERYBODY_TAKES = frozenset({LockMode.ACCESS_SHARE, LockMode.ROW_SHARE, LockMode.ROW_EXCLUSIVE})

# By OID, for from outside a table still has the name that it had before; one that is new is not there at all.
_PROBE = """
DO $probe$
DECLARE
    one record;
    found jsonb := '[]';
    reads boolean;
    writes boolean;
BEGIN
    FOR one IN SELECT n.nspname, c.relname
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.oid = ANY ({}::oid[]) AND c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' LOOP
        reads := false;
        writes := false;
        BEGIN
            EXECUTE format('LOCK TABLE ONLY %I.%I IN ROW EXCLUSIVE MODE NOWAIT', one.nspname, one.relname);
        EXCEPTION WHEN lock_not_available THEN writes := true;
        END;
        BEGIN
            EXECUTE format('LOCK TABLE ONLY %I.%I IN ACCESS SHARE MODE NOWAIT', one.nspname, one.relname);
        EXCEPTION WHEN lock_not_available THEN reads := true;
        END;
        found := found || jsonb_build_array(jsonb_build_array(one.nspname, one.relname, reads, writes));
    END LOOP;
    PERFORM pg_catalog.set_config('gatekeeper.waits', found::text, false);
END
$probe$
"""


class LockProbe:
    """A second session on the same database, in autocommit mode; it never waits and leaves nothing behind."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def who_waits(self, held: LockMap) -> Mapping[Relation, tuple[bool, bool]]:
        """For each table on which somebody would wait for the locks held: whether reads do, and whether writes do."""
        oids = [oid for oid, modes in held.items() if modes - _EVERYBODY_TAKES]
        if not oids:
            return {}
        with self._connection.pipeline():
            self._connection.execute(sql.SQL(_PROBE).format(sql.Literal(oids)), prepare=False)
            answer = self._connection.execute("SELECT pg_catalog.current_setting('gatekeeper.waits')", prepare=False)
        (told,) = answer.fetchone() or ("[]",)
        return {Relation(schema, name): (reads, writes) for schema, name, reads, writes in json.loads(told) if writes}
