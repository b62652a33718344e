"""The ways to make a change in several releases, in a sentence: a rule's help, and what a plan says that it does."""

from migrations_lint.dialect import spelled
from migrations_lint.model import Relation

WRITTEN = "`gatekeeper plan` writes the steps."


def column_beside(column: str, data_type: str) -> str:
    """Another type for a column."""
    return (
        f"Add a column of type {data_type} beside {column}, kept in step by a trigger and filled in batches; swap the "
        f"names once the application takes both types, and drop the old one in a later release."
    )


def table_behind_view(table: Relation, to: Relation) -> str:
    """Another name for a table."""
    return (
        f"In the same transaction, CREATE VIEW {spelled(table)} AS SELECT * FROM {spelled(to)}, and drop the view in a "
        f"later release."
    )


def column_behind_view(table: Relation, column: str, to: str) -> str:
    """Another name for a column."""
    return (
        f"In the same transaction, put a view in the place of {spelled(table)} that has the column as {column} and as "
        f"{to}, and give the table its name back in a later release."
    )


def dropped_later(*what: str) -> str:
    """Columns or a table that go."""
    it = "it" if len(what) == 1 else "them"
    return f"Release code that no longer uses {', '.join(what)} first; drop {it} in a later release."
