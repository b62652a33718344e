"""`gatekeeper lint`: what would these migrations lock?"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekeeper import __version__, lint_cache
from gatekeeper.cli.shared import Invocation, command, history_of, linted, write_answer

if TYPE_CHECKING:
    from migrations_lint.fixing import Fixed
    from migrations_lint.history import History
    from migrations_lint.model import Finding, Report
    from migrations_lint.settings import LintSettings


_BASELINE = "gatekeeper-baseline.json"


@command(formats=("text", "json", "github", "gitlab", "junit", "markdown", "sarif"))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--since", metavar="REV", help="Only the migrations that changed since this Git revision.")
@click.option("--fix", is_flag=True, help="Write the safe form into the files, then report what is left.")
@click.option("--diff", is_flag=True, help="Write nothing; print what --fix would write as a patch.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: also fixes that a person has to look at.")
@click.option(
    "--snapshot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Sizes and schema of production, as `gatekeeper stats pull` wrote them.",
)
@click.option("--write-baseline", is_flag=True, help="Accept what is found now: write it to the baseline, then report.")
@click.option("--no-cache", is_flag=True, help="Lint anew even where nothing has changed since the last answer.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to a file.")
def lint(
    invocation: Invocation,
    paths: tuple[Path, ...],
    since: str | None,
    fix: bool,
    diff: bool,
    unsafe_fixes: bool,
    snapshot: Path | None,
    write_baseline: bool,
    no_cache: bool,
    output: Path | None,
) -> int:
    """Say which locks, scans and rewrites the migrations in PATHS would cause; no database needed.

    PATHS are folders or files; without any, those of the settings. Exits 0 when nothing at or above `lint.fail_on`
    was found, 1 when something was (with --diff: when there is something to fix), 3 when a file or a statement could
    not be read.
    """
    if unsafe_fixes and not (fix or diff):
        raise click.UsageError("--unsafe-fixes says which fixes --fix writes or --diff shows; give one of them too.")
    key = lint_cache.question([invocation.format, str(invocation.config), str(snapshot), *map(str, paths)])
    may_be_kept = not (no_cache or since is not None or fix or diff or write_baseline)
    if may_be_kept and (kept := lint_cache.recalled(key)) is not None:
        write_answer(kept.text, output)
        return kept.exit_code
    with lint_cache.tracing() as trace:
        settings = invocation.linter.lint
        settings = settings if snapshot is None else replace(settings, snapshot=str(snapshot))
        history = history_of(invocation, paths, since)
        if fix or diff:
            fixed = _fixed(invocation, history, settings, unsafe=unsafe_fixes)
            if diff:
                return _show(fixed, output)
            _write(invocation, fixed)
            new = tuple(file.path for file in fixed.files if file.before is None)
            history = history_of(invocation, (*paths, *new) if paths else (), since)
        if write_baseline:
            settings = _baselined(invocation, history, settings)
        text, exit_code = _rendered(linted(history, settings, since), invocation.format, settings.fail_on)
    if may_be_kept:
        lint_cache.keep(key, trace, text, exit_code)
    write_answer(text, output)
    return exit_code


def _rendered(report: "Report", format: str, fail_on: str) -> tuple[str, int]:  # noqa: A002
    from migrations_lint.model import Severity
    from migrations_lint.reporters import reporters

    text = reporters()[format].render(report, tool=f"gatekeeper {__version__}")
    if report.reaches(Severity(fail_on)):
        return text, 1
    return text, 3 if report.problems else 0


def _baselined(invocation: Invocation, history: "History", settings: "LintSettings") -> "LintSettings":
    """Write what stands now to the baseline; the settings that accept it."""
    from gatekeeper.writing import replace_files
    from migrations_lint.baseline import baseline_of

    path = Path(settings.baseline or _BASELINE)
    found = linted(history, replace(settings, baseline="")).standing()
    replace_files({path: baseline_of(found)})
    invocation.err.print(f"{len(found)} finding{'' if len(found) == 1 else 's'} accepted in {path}.")
    if not settings.baseline:
        invocation.err.print(f'Set baseline = "{path}" under [lint] in gatekeeper.toml, and commit both.')
    return replace(settings, baseline=str(path))


def _fixed(invocation: Invocation, history: "History", settings: "LintSettings", *, unsafe: bool) -> "Fixed":
    from gatekeeper.config.timeouts import timeouts_of
    from migrations_lint.api import production_of
    from migrations_lint.fixing import fix_history

    timeouts = timeouts_of(invocation.settings.inject)
    fixed = fix_history(history, settings, production_of(settings), unsafe=unsafe, timeouts=timeouts)
    for finding in fixed.left:
        invocation.err.print(f"{_place(finding)}: not fixed, there is no safe place for it: see docs/concepts/fixes.md")
    for finding in fixed.unsafe:
        reason = finding.fix.unsafe if finding.fix else ""
        invocation.err.print(f"{_place(finding)}: fixed only with --unsafe-fixes: {reason}")
    return fixed


def _place(finding: "Finding") -> str:
    return f"{finding.path}:{finding.begins.line}: {finding.rule}"


def _show(fixed: "Fixed", output: Path | None) -> int:
    from gatekeeper.writing import patch

    write_answer("".join(patch(file.path, file.before, file.after) for file in fixed.files).rstrip("\n"), output)
    return 1 if fixed.files else 0


def _write(invocation: Invocation, fixed: "Fixed") -> None:
    from gatekeeper.writing import replace_files

    replace_files({file.path: file.after for file in fixed.files})
    files = len(fixed.files)
    invocation.err.print(f"{len(fixed.findings)} fixed in {files} file{'' if files == 1 else 's'}.")
