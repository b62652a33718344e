"""SQL in place of extensions that a server of ours does not have, so that a history still runs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_EXTENSION = re.compile(
    r'\s*(?P<verb>CREATE|DROP)\s+EXTENSION\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"?(?P<name>[\w-]+)"?', re.IGNORECASE
)
_WORD = re.compile(r"[\w$-]+")
_SCHEMA = re.compile(r'\bSCHEMA\s+(?P<schema>"[^"]+"|\w+)', re.IGNORECASE)

_UUID = "uuid LANGUAGE sql VOLATILE AS 'SELECT gen_random_uuid()'"
_HASH = "bytea LANGUAGE sql IMMUTABLE AS 'SELECT sha256({})'"

# What a function gives has the right type and changes when it should; it is not the extension's own value.
STAND_INS: Mapping[str, Mapping[str, str]] = {
    "uuid-ossp": {
        "uuid_generate_v1()": _UUID,
        "uuid_generate_v1mc()": _UUID,
        "uuid_generate_v4()": _UUID,
        "uuid_nil()": "uuid LANGUAGE sql IMMUTABLE AS $$ SELECT '00000000-0000-0000-0000-000000000000'::uuid $$",
        "uuid_generate_v5(namespace uuid, name text)": "uuid LANGUAGE sql IMMUTABLE AS "
        "'SELECT md5(namespace::text || name)::uuid'",
    },
    "pgcrypto": {
        "digest(data text, type text)": _HASH.format("data::bytea"),
        "digest(data bytea, type text)": _HASH.format("data"),
        "hmac(data text, key text, type text)": _HASH.format("(key || data)::bytea"),
        "hmac(data bytea, key bytea, type text)": _HASH.format("key || data"),
        "crypt(password text, salt text)": "text LANGUAGE sql IMMUTABLE AS 'SELECT salt || md5(salt || password)'",
        "gen_salt(type text)": "text LANGUAGE sql VOLATILE AS 'SELECT left(md5(random()::text), 8)'",
        "gen_salt(type text, rounds integer)": "text LANGUAGE sql VOLATILE AS 'SELECT left(md5(random()::text), 8)'",
        "gen_random_bytes(length integer)": "bytea LANGUAGE sql VOLATILE AS "
        "$$ SELECT decode(substr(repeat(md5(random()::text), length / 16 + 1), 1, length * 2), 'hex') $$",
    },
}


@dataclass
class StandIns:
    """Answers for the extensions that `available` lacks, and remembers what it stood in for, roles included."""

    available: frozenset[str]
    extensions: set[str] = field(default_factory=set)
    roles: set[str] = field(default_factory=set)

    def substitute(self, sql: str) -> str | None:
        """Other SQL for CREATE or DROP EXTENSION where the server lacks it and we can do it; else None."""
        match = _EXTENSION.match(sql)
        name = match["name"].lower() if match else ""
        if match is None or name in self.available or name not in STAND_INS:
            return None
        self.extensions.add(name)
        schema = _SCHEMA.search(sql)
        prefix = f"{schema['schema']}." if schema else ""
        functions = STAND_INS[name]
        if match["verb"].upper() == "DROP":
            return "; ".join(f"DROP FUNCTION IF EXISTS {prefix}{function} CASCADE" for function in functions)
        return "; ".join(
            f"CREATE OR REPLACE FUNCTION {prefix}{function} RETURNS {body}" for function, body in functions.items()
        )

    def used_in(self, sql: str) -> tuple[str, ...]:
        """What was stood in for and a script depends on: it names the extension, one of its functions, or the role."""
        words = frozenset(_WORD.findall(sql))
        extensions = (
            f"extension {name}"
            for name in sorted(self.extensions)
            if name in words or not words.isdisjoint(function.partition("(")[0] for function in STAND_INS[name])
        )
        return (*extensions, *(f"role {role}" for role in sorted(self.roles) if role in words))

    def used(self) -> tuple[str, ...]:
        """Everything that was stood in for."""
        return (
            *(f"extension {name}" for name in sorted(self.extensions)),
            *(f"role {role}" for role in sorted(self.roles)),
        )
