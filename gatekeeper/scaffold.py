"""What `gatekeeper init` writes: the settings file with what was found here, and the workflow for pull requests."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from gatekeeper.errors import GatekeeperError
from gatekeeper.writing import replace_files
from migrations_lint.history import AUTO, NoHistory, Root, roots_at

WORKFLOW = Path(".github/workflows/gatekeeper.yml")


class AlreadyThere(GatekeeperError):
    """A file that `init` would write exists; nothing was written."""

    exit_code = 2

    def __init__(self, paths: Sequence[Path]) -> None:
        names = " and ".join(map(str, paths))
        super().__init__(
            f"{names} {'exists' if len(paths) == 1 else 'exist'} already; nothing was written",
            next_step="Run `gatekeeper init --force` to replace what is there with a fresh file.",
        )


@dataclass(frozen=True, slots=True)
class Scaffold:
    """The files to write, relative to the repository, and the histories that they speak of."""

    roots: tuple[Root, ...]
    texts: Mapping[Path, str]

    def write(self, *, force: bool) -> None:
        """Write all files or none; raises AlreadyThere unless forced."""
        there = [path for path in self.texts if path.exists()]
        if there and not force:
            raise AlreadyThere(there)
        replace_files(self.texts)


def scaffold(folder: Path, settings_file: Path) -> Scaffold:
    """Look for migrations below `folder` and fill the two files in."""
    try:
        roots = roots_at(folder)
    except NoHistory:
        roots = ()
    values = _detected(folder, roots)
    return Scaffold(roots, {settings_file: _filled(_template("example.toml"), values), WORKFLOW: _workflow()})


def _detected(folder: Path, roots: Sequence[Root]) -> Mapping[str, str]:
    """Lines of the example by the lines that take their place."""
    values = {'name = "app"': f"name = {_quoted(folder.resolve().name or 'app')}"}
    if roots:
        paths = ", ".join(_quoted(root.folder.relative_to(folder).as_posix()) for root in roots)
        tools = {root.format.name for root in roots}
        values['paths = ["migrations"]'] = f"paths = [{paths}]"
        values['format = "auto"'] = f"format = {_quoted(tools.pop() if len(tools) == 1 else AUTO)}"
    return values


def _filled(example: str, values: Mapping[str, str]) -> str:
    return "".join(values.get(line.rstrip("\n"), line.rstrip("\n")) + "\n" for line in example.splitlines())


def _workflow() -> str:
    return (
        _template("workflow.yml")
        .replace("@VERSION", f"@v{version('gatekeeper')}")
        .replace(", and its version in place of VERSION", "")
    )


def _template(name: str) -> str:
    return files("gatekeeper.config").joinpath(name).read_text(encoding="utf-8")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
