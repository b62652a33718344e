"""The rules: each reads a Moment, or a Release, and yields Findings. One plug-in a harm.

A rule is a module of this folder (or one that an installed package names under `migrations_lint.rules`) with a
function marked `@rule` or `@release_rule`; its name is the function's with dashes, and says the harm. A rule that
catches further hazards, which a team would allow together with it, names them right under its page's title:
`Covers: one-harm, another-harm`.
"""

import pkgutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from migrations_lint.errors import UnknownRule, UnusableRule
from migrations_lint.model import Finding, Suppression
from migrations_lint.moment import Moment
from migrations_lint.release import Release
from migrations_lint.settings import LintSettings

Check = Callable[[Moment], Iterable[Finding]]
ReleaseCheck = Callable[[Release], Iterable[Finding]]
SuppressionCheck = Callable[[Suppression], Iterable[Finding]]
R = TypeVar("R", bound="Rule")

_COVERS = "Covers:"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's name and the page that explains it; `opt_in` rules run where the settings name them."""

    name: str
    page: Path
    opt_in: bool = field(default=False, kw_only=True)

    @property
    def title(self) -> str:
        """The page's first line, without its mark."""
        return self.page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")

    @property
    def covers(self) -> tuple[str, ...]:
        """The hazards that it catches: the one of its own name, then those that its page names."""
        head = self.page.read_text(encoding="utf-8").partition("\n")[2].lstrip().partition("\n\n")[0]
        listed = head.removeprefix(_COVERS) if head.startswith(_COVERS) else ""
        return (self.name, *(name.strip() for name in listed.split(",") if name.strip()))


@dataclass(frozen=True, slots=True)
class StatementRule(Rule):
    """A rule that looks at one statement at its place."""

    check: Check


@dataclass(frozen=True, slots=True)
class ReleaseRule(Rule):
    """A rule that looks at migrations which go out together."""

    check: ReleaseCheck


@dataclass(frozen=True, slots=True)
class SuppressionRule(Rule):
    """A rule that looks at a comment which accepts findings."""

    check: SuppressionCheck


def rule(check: Check) -> StatementRule:
    """Mark a function as a rule; its module's page must have the same stem."""
    return StatementRule(*_name_and_page(check), check)


def release_rule(check: ReleaseCheck) -> ReleaseRule:
    """Mark a function as a rule about a release: several statements, or several migrations, taken together."""
    return ReleaseRule(*_name_and_page(check), check)


def suppression_rule(check: SuppressionCheck) -> SuppressionRule:
    """Mark a function as a rule about comments that accept findings."""
    return SuppressionRule(*_name_and_page(check), check)


def opt_in(one: R) -> R:
    """A rule that most teams would switch off runs only where `on` in the settings names it."""
    return replace(one, opt_in=True)


def _name_and_page(check: Check | ReleaseCheck | SuppressionCheck) -> tuple[str, Path]:
    module = import_module(check.__module__)
    assert module.__file__ is not None
    name = str(getattr(check, "__name__", "")).replace("_", "-")
    return name, Path(module.__file__).with_suffix(".md")


@cache
def rules() -> dict[str, Rule]:
    """All rules by name."""
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    modules += [entry.load() for entry in entry_points(group="migrations_lint.rules")]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Rule)]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}


def all_rules(settings: LintSettings) -> dict[str, Rule]:
    """All rules by name, with those in the folders that the settings name."""
    return rules() | {one.name: one for folder in settings.rules for one in rules_in(Path(folder).absolute())}


@cache
def rules_in(folder: Path) -> tuple[Rule, ...]:
    """A team's own rules: every module of the folder, through the same door as the built-in ones.

    Raises UnusableRule where a module cannot be imported, has no rule or no page, or takes a built-in rule's name.
    """
    if not folder.is_dir():
        raise UnusableRule(folder, "there is no such folder")
    modules = [_imported(path) for path in sorted(folder.glob("*.py")) if not path.name.startswith("_")]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Rule)]
    for module in modules:
        own = [one for one in found if one.page == Path(str(module.__file__)).with_suffix(".md")]
        path = Path(str(module.__file__))
        if not own:
            raise UnusableRule(path, "no function in it is marked @rule")
        if not own[0].page.is_file():
            raise UnusableRule(path, f"its page {own[0].page.name} is missing")
        if taken := next((one.name for one in own if one.name in rules()), None):
            raise UnusableRule(path, f"{taken} is a built-in rule")
    return tuple(found)


def _imported(path: Path) -> ModuleType:
    name = f"{__name__}.of_folder_{abs(hash(path.parent))}.{path.stem}"
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # where `@rule` looks for the module's file
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise UnusableRule(path, f"{type(error).__name__}: {error}") from error
    return module


def rules_of(settings: LintSettings) -> tuple[Rule, ...]:
    """The rules that the settings let run; raises UnknownRule for a name in them that no rule has."""
    known = all_rules(settings)
    for name in settings.named_rules():
        if name not in known:
            raise UnknownRule(name, get_close_matches(name, known, n=2))
    return tuple(
        one for one in known.values() if one.name not in settings.off and (not one.opt_in or one.name in settings.on)
    )
