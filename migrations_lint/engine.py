"""Migrations in, report out: parse, derive facts, keep the catalog, ask the rules, apply suppressions. One loop."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

from migrations_lint.applied import steps_in
from migrations_lint.audience import Audience
from migrations_lint.catalog import replay
from migrations_lint.catalog.difference import differences
from migrations_lint.code import Code
from migrations_lint.facts import Scene, facts_of
from migrations_lint.model import (
    CheckedMigration,
    CheckedStatement,
    Direction,
    DropsRelation,
    Fact,
    Finding,
    Fragment,
    LockFact,
    Migration,
    Problem,
    Relation,
    Report,
    Script,
    Severity,
    Statement,
    Unknown,
    fingerprint,
)
from migrations_lint.moment import Moment
from migrations_lint.parse import parse
from migrations_lint.release import Past, Release, by_root, releases_of
from migrations_lint.rules import Rule, StatementRule, SuppressionRule, all_rules, rules_of
from migrations_lint.session import Session
from migrations_lint.settings import OFF, LintSettings
from migrations_lint.snapshot import SchemaSnapshot
from migrations_lint.suppress import applied, suppressions

_REFUSED = "Nothing is known of this statement; correct it, PostgreSQL would refuse it too."
_TEMPLATE = "Nothing is known of this statement: what the tool puts in place of `{{ … }}` does not stand in the file."
_MAY_DO_ANYTHING = frozenset({"do_stmt", "call_stmt", "execute_stmt", "select_stmt"})


Place = tuple[Path, Direction, int, str]
"""A statement of a history: its migration's path, the way, the line in the file, and its text."""

Observed = Mapping[Place, tuple[LockFact, ...]]
"""What a real server was seen to lock and do where the text does not tell."""


@dataclass(frozen=True, slots=True)
class _Base:
    """What a migration starts from: the schema, the database that it will meet, and whether that has it already.

    `observed` is what a real server has shown of statements whose effect the text does not tell.
    """

    schema: SchemaSnapshot
    production: SchemaSnapshot | None = None
    pending: bool = True
    observed: Observed = field(default_factory=dict)


def lint(
    migrations: Sequence[Migration],
    settings: LintSettings | None = None,
    snapshot: SchemaSnapshot | None = None,
    *,
    selected: frozenset[Path] | None = None,
    code: Code | None = None,
    observed: Observed | None = None,
) -> Report:
    """Check a history in its own order. `selected` paths are reported; the others only build the catalog.

    With a `snapshot` of production, migrations that it holds already are checked against the schema of their time, and
    pending ones against the snapshot and what the pending ones before them make of it. `code` is the application's own.
    Where it was `observed` what an unknown statement does, the rules are asked about that.

    Raises UnknownRule for a rule name in the settings that no rule has.
    """
    started = perf_counter()
    settings = settings or LintSettings()
    rules = rules_of(settings)
    audience = Audience(rules, settings, code)
    after: dict[Path | None, SchemaSnapshot] = {}
    checked: list[CheckedMigration] = []
    findings: dict[int, list[Finding]] = {}
    for migration, base in zip(migrations, _bases(migrations, snapshot, settings), strict=True):
        wanted = selected is None or migration.path in selected
        base = replace(base, observed=observed) if observed else base
        one, found = _migration(migration, base, settings, audience if wanted else None)
        if wanted:
            findings[len(checked)] = found
            checked.append(one)
        after[migration.root] = base.schema
    pasts = {root: Past(tuple(whole), after[root], snapshot) for root, whole in by_root(migrations).items()}
    releases = releases_of(checked, pasts, settings, code or Code())
    for number, finding in _of_releases(releases, checked, settings, audience):
        findings[number].append(finding)
    accepted = [
        f for number, found in findings.items() for f in _accepted(checked[number].migration, found, rules, settings)
    ]
    return Report(tuple(checked), tuple(accepted), settings.server_version, perf_counter() - started)


def moments(
    migrations: Sequence[Migration], at: Path, settings: LintSettings, snapshot: SchemaSnapshot | None = None
) -> Iterator[Moment]:
    """The statements of the way up at one path, each where its history has it run.

    To be looked at one by one: the schema of a moment is the one that the next statement changes.
    """
    for migration, base in zip(migrations, _bases(migrations, snapshot, settings), strict=True):
        if migration.path == at:
            yield from _moments(migration, Direction.UP, migration.up, base, settings, frozenset(), [])
            return
        _migration(migration, base, settings, None)


def schemas_built_by(migrations: Sequence[Migration], settings: LintSettings) -> Iterator[SchemaSnapshot]:
    """The schema before the first migration and after each: one object, changed as they go."""
    schema = SchemaSnapshot()
    yield schema
    for migration in migrations:
        _migration(migration, _Base(schema), settings, None)
        yield schema


def _bases(migrations: Sequence[Migration], snapshot: SchemaSnapshot | None, settings: LintSettings) -> Iterator[_Base]:
    """Each history builds a schema of its own: another folder's tables are another application's."""
    built: dict[Path | None, SchemaSnapshot] = defaultdict(SchemaSnapshot)
    if snapshot is None:
        yield from (_Base(built[migration.root]) for migration in migrations)
        return
    left: dict[Path | None, int] = {}
    for root, history in by_root(migrations).items():
        left[root] = steps_in(snapshot, schemas_built_by(history, settings))
    production = snapshot.copy()
    for migration in migrations:
        pending = left[migration.root] == 0
        left[migration.root] -= not pending
        yield _Base(production if pending else built[migration.root], snapshot, pending)


def _migration(
    migration: Migration, base: _Base, settings: LintSettings, audience: Audience | None
) -> tuple[CheckedMigration, list[Finding]]:
    """One migration checked; without an `audience`, its way up only builds the schema."""
    wanted = audience is not None
    statements: list[CheckedStatement] = []
    problems = list(migration.problems)
    findings: list[Finding] = []
    made: frozenset[Relation] = frozenset()
    before = base.schema.copy() if wanted and migration.down is not None else None
    undone = before
    for direction, script in migration.scripts():
        if direction is Direction.DOWN and not wanted:
            break
        # The way down starts from what the way up has built, and leaves the history's schema as it was.
        here = base if direction is Direction.UP else replace(base, schema=base.schema.copy())
        for moment in _moments(migration, direction, script, here, settings, made, problems):
            statements.append(CheckedStatement(_kept(moment), direction, moment.transaction, moment.facts))
            if audience is not None:
                findings += _weighed(_of_statement(moment, audience.of_statement(moment)), settings)
            last = moment
        if direction is Direction.UP and statements:
            made = last.session.leaving(last.facts, here.schema.copy()).new
        if problems:
            here.schema.doubt()
        undone = here.schema
    known = before is not None and undone is not None and not problems and _is_known(statements)
    not_undone = tuple(differences(before, undone)) if known and before and undone else ()
    return CheckedMigration(migration, tuple(statements), tuple(problems), not_undone), findings


def _kept(moment: Moment) -> Statement:
    """The statement without its tree, which would be the largest part of a report and is never asked for again."""
    return replace(moment.statement, node=None)


def _is_known(statements: Sequence[CheckedStatement]) -> bool:
    """Whether there is a way down at all, and no statement of either way whose effect is unknown."""
    has_down = any(statement.direction is Direction.DOWN for statement in statements)
    return has_down and not any(True for statement in statements for _ in statement.all(Unknown))


def _moments(
    migration: Migration,
    direction: Direction,
    script: Script,
    base: _Base,
    settings: LintSettings,
    made_by_up: frozenset[Relation],
    problems: list[Problem],
) -> Iterator[Moment]:
    session, schema = Session(), base.schema
    parts = [(fragment, _statements(fragment, direction, problems)) for fragment in script.fragments]
    doomed = _doomed([one for _, part in parts for one in part], Scene(schema, settings.server_version))
    for fragment, statements in parts:
        if fragment.begins_anew:
            session = session.committed()
        for statement in statements:
            session = session.entering(in_transaction=fragment.in_transaction, schema=schema)
            scene = Scene(schema, settings.server_version, session.search_path, written=session.written)
            told = facts_of(statement, scene)
            place = (migration.path, direction, statement.begins.line, statement.sql)
            facts = _here(_seen(told, base.observed.get(place)) if base.observed else told, session)
            session = session.beginning(facts, schema)
            known = (base.production, base.pending, next(doomed))
            yield Moment(migration, direction, statement, facts, schema, settings, session, made_by_up, *known)
            replay(facts, schema)
            if statement.kind in _MAY_DO_ANYTHING and any(isinstance(fact, Unknown) for fact in told):
                schema.doubt()
            session = session.leaving(facts, schema)
    schema.end_session()


def _seen(told: Sequence[Fact], observed: Sequence[LockFact] | None) -> Sequence[Fact]:
    """What was seen takes the place of what was unknown, and of what was guessed about locks beside it."""
    if observed is None or not any(isinstance(fact, Unknown) for fact in told):
        return told
    return (*(fact for fact in told if not isinstance(fact, (Unknown, LockFact))), *observed)


def _doomed(statements: Sequence[Statement], scene: Scene) -> Iterator[frozenset[Relation]]:
    """For each statement the relations that a later one drops."""
    later: frozenset[Relation] = frozenset()
    found = [later]
    for statement in reversed(statements[1:]):
        if statement.kind == "drop_stmt":
            later |= {fact.relation for fact in facts_of(statement, scene) if isinstance(fact, DropsRelation)}
        found.append(later)
    return reversed(found)


def _statements(fragment: Fragment, direction: Direction, problems: list[Problem]) -> tuple[Statement, ...]:
    parsed = parse(fragment)
    for error in parsed.errors:
        line = fragment.source.position(fragment.in_file(error.offset)).line
        hint = _TEMPLATE if "{{" in fragment.sql[error.offset :].partition(";")[0] else _REFUSED
        problems.append(Problem(fragment.source.path, line, error.problem, hint, direction))
    return parsed.statements


def _here(facts: Sequence[Fact], session: Session) -> tuple[Fact, ...]:
    return tuple(
        replace(fact, created_here=True) if isinstance(fact, LockFact) and fact.relation in session.here else fact
        for fact in facts
    )


def _of_releases(
    releases: Sequence[Release], checked: Sequence[CheckedMigration], settings: LintSettings, audience: Audience
) -> Iterator[tuple[int, Finding]]:
    """What the rules about releases find, each with the number of its migration."""
    owner = {path: number for number, one in enumerate(checked) for path in one.migration.files()}
    for release in releases:
        for rule in audience.of_release(release):
            for finding in _weighed(rule.check(replace(release, rule=rule.name)), settings):
                yield owner[finding.path], finding


def _of_statement(moment: Moment, rules: Sequence[StatementRule]) -> Iterator[Finding]:
    """What the rules find, each with its rule's name and a fingerprint of the place."""
    for rule in rules:
        for finding in rule.check(moment):
            mark = fingerprint(rule.name, moment.migration, moment.direction, moment.statement.sql)
            yield replace(finding, rule=rule.name, fingerprint=mark)


def _weighed(findings: Iterable[Finding], settings: LintSettings) -> Iterator[Finding]:
    for finding in findings:
        if finding.expected_seconds is not None and finding.expected_seconds < settings.quiet_below_seconds:
            continue
        said = settings.severity_at(finding.rule, finding.path)
        if said != OFF:
            yield finding if said is None else replace(finding, severity=Severity(said))


def _accepted(
    migration: Migration, findings: Sequence[Finding], rules: Sequence[Rule], settings: LintSettings
) -> list[Finding]:
    """Mark the findings that a reasoned comment allows, and say what is wrong with comments that allow nothing."""
    sources = {f.source.path: f.source for _, script in migration.scripts() for f in script.fragments}
    result = list(findings)
    asked, known = frozenset(rule.name for rule in rules), frozenset(all_rules(settings))
    for source in sources.values():
        for suppression in suppressions(migration, source):
            used = replace(applied(suppression, result, source), asked=asked, known=known)
            for rule in rules:
                if isinstance(rule, SuppressionRule):
                    result += _weighed(rule.check(replace(used, rule=rule.name)), settings)
    return result
