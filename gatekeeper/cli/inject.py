"""`gatekeeper inject`: lock_timeout in every migration that may wait for a lock."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatekeeper.cli.shared import Invocation, command

if TYPE_CHECKING:
    from gatekeeper.inject import LeftAlone, Rewrite


@command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a timeout is missing.")
@click.option("--diff", is_flag=True, help="Write nothing; print the changes as a patch.")
def inject(invocation: Invocation, paths: tuple[Path, ...], check: bool, diff: bool) -> int:
    """Write lock_timeout (and the other timeouts of the settings) into the migrations in PATHS, each tool's way.

    PATHS are folders or files, those of [migrations] in gatekeeper.toml where none are given. A migration that sets
    lock_timeout itself stays as it is; what cannot have a timeout is named. Exits 0, with --check 1 if something is
    missing, 3 when a file cannot be read; then no file is changed.
    """
    from gatekeeper.inject import left_alone, plan, write
    from migrations_lint.history import read_history

    settings = invocation.settings
    history = read_history(paths or settings.migrations.paths, settings.migrations.format)
    rewrites = plan(history, settings.inject)
    left = left_alone(history, rewrites, settings.inject)
    written = not (check or diff)
    if written:
        write(rewrites)
    if invocation.wants_json:
        click.echo(json.dumps(_as_json(rewrites, left, written=written), indent=2))
    elif diff:
        click.echo("".join(rewrite.diff() for rewrite in rewrites), nl=False)
    else:
        click.echo(_as_text(rewrites, left, written=written))
    return 1 if check and rewrites else 0


def _as_text(rewrites: Sequence["Rewrite"], left: Sequence["LeftAlone"], *, written: bool) -> str:
    from gatekeeper.inject import statements_of

    lines: list[str] = []
    for rewrite in rewrites:
        lines.append(str(rewrite.path))
        for edit in rewrite.edits:
            line = rewrite.source.position(edit.start).line
            lines += [f"  line {line}: {statement}" for statement in statements_of(edit)]
    count = f"{len(rewrites)} file{'' if len(rewrites) == 1 else 's'}"
    alone = [f"{each.path}:{each.line}: {each.reason}" for each in left]
    if not rewrites:
        rest = "" if not left else "; what is named above cannot"
        return "\n".join([*alone, f"Every migration that may wait for a lock sets lock_timeout already{rest}."])
    return "\n".join([*lines, *alone, f"{count} changed." if written else f"{count} would change."])


def _as_json(rewrites: Sequence["Rewrite"], left: Sequence["LeftAlone"], *, written: bool) -> dict[str, Any]:
    files = [
        {
            "path": str(rewrite.path),
            "edits": [
                {"line": position.line, "column": position.column, "text": edit.text}
                for edit in rewrite.edits
                for position in [rewrite.source.position(edit.start)]
            ],
        }
        for rewrite in rewrites
    ]
    edits = sum(len(rewrite.edits) for rewrite in rewrites)
    alone = [{"path": str(each.path), "line": each.line, "reason": each.reason} for each in left]
    summary = {"files": len(files), "edits": edits}
    return {"version": 1, "written": written, "files": files, "left_alone": alone, "summary": summary}
