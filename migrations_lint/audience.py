"""Which rules have to be asked about a statement or a release, found out by asking each of them once about nothing.

A rule is a function of its Moment, or of its Release. One that was shown a moment without facts, has asked only whether
there are facts of some kinds, and has said nothing, will say nothing either where there is none of these kinds. So no
rule declares what it listens to, and none can forget to.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from migrations_lint.code import Code
from migrations_lint.model import Direction, Finding, LockFact, Work
from migrations_lint.moment import Moment
from migrations_lint.release import Release
from migrations_lint.rules import ReleaseRule, Rule, StatementRule
from migrations_lint.settings import LintSettings

F = TypeVar("F")
R = TypeVar("R", StatementRule, ReleaseRule)
Kind = type | Work
Wanted = frozenset[Kind] | None
"""The kinds that a rule asks for; None where it looks at more than these, and has to be asked every time."""


class _AsksMore(BaseException):
    """No error: a rule may well look at more than facts, and must not be able to catch this."""


# All but what is the same for everything that is asked about in one run.
_UNTOLD_OF_MOMENT = frozenset(one.name for one in fields(Moment)) - {"direction", "settings"}
_UNTOLD_OF_RELEASE = frozenset(one.name for one in fields(Release)) - {"code", "settings"}


@dataclass(frozen=True, slots=True)
class _QuietMoment(Moment):
    """A statement without facts; `heard` are the kinds that it was asked for. It refuses to tell anything else."""

    heard: set[Kind] = field(default_factory=set)

    def all(self, kind: type[F]) -> Iterator[F]:
        self.heard.add(kind)
        return iter(())

    def locks_on_live_tables(self, *works: Work) -> Iterator[LockFact]:
        self.heard.update(works or (LockFact,))
        return iter(())

    def __getattribute__(self, name: str) -> Any:
        if name in _UNTOLD_OF_MOMENT:
            raise _AsksMore
        return object.__getattribute__(self, name)


@dataclass(frozen=True, slots=True)
class _QuietRelease(Release):
    """A release without facts, in the same way."""

    heard: set[Kind] = field(default_factory=set)

    def has(self, *kinds: type) -> bool:
        self.heard.update(kinds)
        return False

    def __getattribute__(self, name: str) -> Any:
        if name in _UNTOLD_OF_RELEASE:
            raise _AsksMore
        return object.__getattribute__(self, name)


class Audience:
    """The rules of one run, told apart by what they listen to; each answer keeps their order."""

    def __init__(self, rules: Iterable[Rule], settings: LintSettings, code: Code | None = None) -> None:
        known = tuple(rules)
        of_statements = [rule for rule in known if isinstance(rule, StatementRule)]
        self._of_statements = {way: _listening(of_statements, _moment(way, settings)) for way in Direction}
        of_releases = [rule for rule in known if isinstance(rule, ReleaseRule)]
        self._of_releases = _listening(of_releases, _release(settings, code or Code()))
        # Thousands of statements and releases are only so many mixtures of facts.
        self._at: dict[tuple[Direction, frozenset[Kind]], tuple[StatementRule, ...]] = {}
        self._in: dict[frozenset[type], tuple[ReleaseRule, ...]] = {}

    def of_statement(self, moment: Moment) -> tuple[StatementRule, ...]:
        """The rules that may find something at a statement."""
        kinds: set[Kind] = set(map(type, moment.facts))
        kinds.update(lock.work for lock in moment.all(LockFact))
        question = (moment.direction, frozenset(kinds))
        if question not in self._at:
            self._at[question] = tuple(_concerned(self._of_statements[moment.direction], kinds))
        return self._at[question]

    def of_release(self, release: Release) -> tuple[ReleaseRule, ...]:
        """The rules that may find something in a release."""
        if release.kinds not in self._in:
            self._in[release.kinds] = tuple(_concerned(self._of_releases, release.kinds))
        return self._in[release.kinds]


def _moment(direction: Direction, settings: LintSettings) -> Callable[[], _QuietMoment]:
    unknown: Any = None
    return lambda: _QuietMoment(unknown, direction, unknown, (), unknown, settings, unknown)


def _release(settings: LintSettings, code: Code) -> Callable[[], _QuietRelease]:
    unknown: Any = None
    return lambda: _QuietRelease((), unknown, settings, frozenset(), frozenset(), code)


def _listening(rules: Sequence[R], quiet: Callable[[], Any]) -> list[tuple[R, Wanted]]:
    return [(rule, _wanted(rule.check, quiet())) for rule in rules]


def _wanted(check: Callable[[Any], Iterable[Finding]], quiet: _QuietMoment | _QuietRelease) -> Wanted:
    try:
        says = any(True for _ in check(quiet))
    except (_AsksMore, Exception):  # noqa: BLE001 - a rule with a fault shows it where there are facts
        return None
    return None if says else frozenset(quiet.heard)


def _concerned(listening: Iterable[tuple[R, Wanted]], kinds: Collection[Kind]) -> Iterator[R]:
    types = [kind for kind in kinds if isinstance(kind, type)]
    for rule, wanted in listening:
        if wanted is None or any(kind in wanted for kind in kinds) or _is_kin(types, wanted):
            yield rule


def _is_kin(types: Iterable[type], wanted: Iterable[Kind]) -> bool:
    """Whether one of the types is a kind of a wanted one, as where a rule asks for a union of them."""
    bases = tuple(kind for kind in wanted if not isinstance(kind, Work))
    return any(issubclass(kind, bases) for kind in types)
