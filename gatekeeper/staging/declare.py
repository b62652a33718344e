"""Run as a program of its own: imports SQLAlchemy models, and writes the SQL that would create them. Connects nowhere.

    python declare.py MODULE:ATTRIBUTE FILE

It imports nothing of gatekeeper, for it runs beside the application's own modules.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def statements_of(metadata: Any) -> list[str]:
    """What `create_all` would send to an empty PostgreSQL database."""
    from sqlalchemy import create_mock_engine

    said: list[str] = []

    def note(element: Any, *_: Any, **__: Any) -> None:
        said.append(str(element.compile(dialect=engine.dialect)))

    engine = create_mock_engine("postgresql+psycopg://", note)
    metadata.create_all(engine, checkfirst=False)
    return said


def named(name: str) -> Any:
    """What `module:attribute` names, where the attribute may have dots; of a base class its metadata."""
    module, _, attribute = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return getattr(found, "metadata", found)


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    Path(sys.argv[2]).write_text(json.dumps(statements_of(named(sys.argv[1]))), encoding="utf-8")
