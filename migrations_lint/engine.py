"""Migrations in, report out: parse, derive facts, keep the catalog, ask the rules, apply suppressions. One loop."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

from migrations_lint.catalog import replay
from migrations_lint.facts import Scene, facts_of
from migrations_lint.model import (
    CheckedMigration,
    CheckedStatement,
    CreatesRelation,
    Direction,
    Fact,
    Finding,
    Fragment,
    LockFact,
    Migration,
    Problem,
    Relation,
    Report,
    Script,
    SetsParameter,
    Severity,
    Statement,
)
from migrations_lint.moment import Moment
from migrations_lint.parse import parse
from migrations_lint.parse.nodes import word
from migrations_lint.rules import Rule, rules_except
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import SchemaSnapshot
from migrations_lint.suppress import complaint, covers, suppressions


@dataclass
class _Session:
    """What a script's session holds at a statement: its transaction, locks, parameters, what is new."""

    transaction: int | None = None
    opened: int = 0
    explicit: bool = False
    held: list[LockFact] = field(default_factory=list)
    here: set[Relation] = field(default_factory=set)
    new: set[Relation] = field(default_factory=set)
    session_parameters: dict[str, str] = field(default_factory=dict)
    local_parameters: dict[str, str] = field(default_factory=dict)

    def begin(self) -> None:
        self.opened += 1
        self.transaction = self.opened

    def end(self) -> None:
        self.transaction, self.explicit = None, False
        self.held, self.here, self.local_parameters = [], set(), {}

    def parameter(self, name: str) -> str | None:
        return self.local_parameters.get(name, self.session_parameters.get(name))

    @property
    def lock_timeout(self) -> str | None:
        value = self.parameter("lock_timeout")
        return None if value is None or value.strip().rstrip("msinh ").strip() in {"", "0"} else value

    @property
    def search_path(self) -> tuple[str, ...]:
        value = self.parameter("search_path")
        names = [name.strip().strip('"') for name in value.split(",")] if value else []
        return tuple(name for name in names if name and name != "$user") or ("public",)


def lint(
    migrations: Sequence[Migration],
    settings: LintSettings | None = None,
    snapshot: SchemaSnapshot | None = None,
    *,
    selected: frozenset[Path] | None = None,
) -> Report:
    """Check a history in its own order. `selected` paths are reported; the others only build the catalog.

    Raises UnknownRule for a rule name in the settings that no rule has.
    """
    started = perf_counter()
    settings = settings or LintSettings()
    rules = rules_except(settings.off)
    schema = snapshot or SchemaSnapshot()
    checked: list[CheckedMigration] = []
    findings: list[Finding] = []
    for migration in migrations:
        wanted = selected is None or migration.path in selected
        one, found = _migration(migration, schema, settings, rules if wanted else (), wanted=wanted)
        if wanted:
            checked.append(one)
            findings += _accepted(migration, found)
    return Report(tuple(checked), tuple(findings), settings.server_version, perf_counter() - started)


def _migration(
    migration: Migration, schema: SchemaSnapshot, settings: LintSettings, rules: Sequence[Rule], *, wanted: bool
) -> tuple[CheckedMigration, list[Finding]]:
    statements: list[CheckedStatement] = []
    problems = list(migration.problems)
    findings: list[Finding] = []
    made: frozenset[Relation] = frozenset()
    for direction, script in migration.scripts():
        if direction is Direction.DOWN and not wanted:
            break
        # The way down starts from what the way up has built, and leaves the history's schema as it was.
        here = schema if direction is Direction.UP else SchemaSnapshot(dict(schema.tables))
        session = _Session()
        for moment in _moments(migration, direction, script, here, session, settings, made, problems):
            locks = tuple(moment.all(LockFact))
            statements.append(CheckedStatement(moment.statement, direction, moment.transaction, locks))
            for rule in rules:
                findings += _asked(rule, moment, settings)
        if direction is Direction.UP:
            made = frozenset(session.new)
    return CheckedMigration(migration, tuple(statements), tuple(problems)), findings


def _moments(
    migration: Migration,
    direction: Direction,
    script: Script,
    schema: SchemaSnapshot,
    session: _Session,
    settings: LintSettings,
    made_by_up: frozenset[Relation],
    problems: list[Problem],
) -> Iterator[Moment]:
    for fragment in script.fragments:
        for statement in _statements(fragment, direction, problems):
            _enter(statement, session)
            scene = Scene(schema, settings.server_version, session.search_path)
            facts = _here(facts_of(statement, scene), session)
            yield Moment(
                migration,
                direction,
                statement,
                facts,
                schema,
                settings,
                session.transaction,
                tuple(session.held),
                frozenset(session.new),
                session.lock_timeout,
                made_by_up,
            )
            replay(facts, schema)
            _leave(statement, facts, session)


def _statements(fragment: Fragment, direction: Direction, problems: list[Problem]) -> tuple[Statement, ...]:
    parsed = parse(fragment)
    for error in parsed.errors:
        line = fragment.source.position(fragment.in_file(error.offset)).line
        hint = "Nothing is known of this statement; correct it, PostgreSQL would refuse it too."
        problems.append(Problem(fragment.source.path, line, error.problem, hint, direction))
    return parsed.statements


def _enter(statement: Statement, session: _Session) -> None:
    """Open the transaction in which the statement runs, if its tool or the script itself has one."""
    command = word(statement.node, "kind") if statement.kind == "transaction_stmt" else ""
    if command in {"TRANS_STMT_BEGIN", "TRANS_STMT_START"}:
        if session.transaction is None:
            session.begin()
        session.explicit = True
    elif statement.fragment.in_transaction and session.transaction is None:
        session.begin()
    elif not statement.fragment.in_transaction and not session.explicit:
        session.end()


def _leave(statement: Statement, facts: Sequence[Fact], session: _Session) -> None:
    for fact in facts:
        if isinstance(fact, SetsParameter):
            _set(fact, session)
        elif isinstance(fact, CreatesRelation) and not fact.if_not_exists:
            session.here.add(fact.relation)
            session.new.add(fact.relation)
    if session.transaction is not None:
        session.held += [fact for fact in facts if isinstance(fact, LockFact)]
    command = word(statement.node, "kind") if statement.kind == "transaction_stmt" else ""
    if command in {"TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK", "TRANS_STMT_PREPARE"}:
        session.end()


def _set(fact: SetsParameter, session: _Session) -> None:
    if fact.name == "all":
        session.session_parameters, session.local_parameters = {}, {}
        return
    if fact.local and session.transaction is None:
        return  # PostgreSQL warns (25P01) and sets nothing
    parameters = session.local_parameters if fact.local else session.session_parameters
    if not fact.local:
        session.local_parameters.pop(fact.name, None)
    if fact.value is None:
        parameters.pop(fact.name, None)
    else:
        parameters[fact.name] = fact.value


def _here(facts: Sequence[Fact], session: _Session) -> tuple[Fact, ...]:
    return tuple(
        replace(fact, created_here=True) if isinstance(fact, LockFact) and fact.relation in session.here else fact
        for fact in facts
    )


def _asked(rule: Rule, moment: Moment, settings: LintSettings) -> Iterator[Finding]:
    severities = dict(settings.severity)
    for finding in rule.check(replace(moment, rule=rule.name)):
        severity = Severity(severities[rule.name]) if rule.name in severities else finding.severity
        yield replace(finding, severity=severity, fingerprint=_fingerprint(finding, moment))


def _fingerprint(finding: Finding, moment: Moment) -> str:
    """The same for the same statement of the same migration, wherever its lines have moved."""
    text = " ".join(moment.statement.sql.split())
    parts = (finding.rule, moment.migration.tool, moment.migration.id, moment.direction.value, text, finding.message)
    return hashlib.sha256("\0".join(parts).encode("utf-8", errors="replace")).hexdigest()[:16]


def _accepted(migration: Migration, findings: Sequence[Finding]) -> list[Finding]:
    """Mark the findings that a reasoned comment allows, and complain about comments that allow nothing."""
    sources = {f.source.path: f.source for _, script in migration.scripts() for f in script.fragments}
    result = list(findings)
    for source in sources.values():
        for allowed in suppressions(source):
            covered = [i for i, finding in enumerate(result) if covers(allowed, finding, source)]
            for i in covered:
                result[i] = replace(result[i], suppressed=allowed.suppression.reason)
            wrong = complaint(allowed, used=bool(covered))
            result += [wrong] if wrong is not None else []
    return result
