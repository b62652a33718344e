"""The migrations, and the repository that they live in."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gatekeeper.config.settings import Settings
from gatekeeper.doctor.examined import Examined, unused, well, wrong
from gatekeeper.git import GitProblem, commit
from migrations_lint.history import read_history


def migrations(settings: Settings) -> Iterator[Examined]:
    """Whether every migration can be read; raises LintError where there is none."""
    found = read_history(settings.migrations.paths, settings.migrations.format)
    counts = Counter(migration.tool for migration in found.migrations)
    told = ", ".join(f"{count} of {tool}" for tool, count in sorted(counts.items()))
    problems = [*found.problems, *(problem for one in found.migrations for problem in one.problems)]
    if problems:
        first = problems[0]
        yield wrong(
            "migrations", f"{len(problems)} places not read: {first.path}:{first.line}: {first.message}", first.hint
        )
    else:
        yield well("migrations", told)


def repository(settings: Settings) -> Iterator[Examined]:
    """Whether `--since` and the commit of a release have a repository to ask."""
    try:
        yield well("repository", f"at commit {commit(Path.cwd())[:12]}")
    except GitProblem as problem:
        yield unused("repository", str(problem).splitlines()[0], "--since needs one; so does the commit of a release.")
