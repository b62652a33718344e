"""Which columns an index names, in its keys, in its expressions and in the condition of a partial one."""

import re
from dataclasses import replace

from migrations_lint.snapshot import Index


def names_column(index: Index, column: str) -> bool:
    """Whether the index goes with the column."""
    texts = [*(key for key in index.columns if key.startswith("(")), index.predicate or ""]
    return column in (*index.columns, *index.included) or any(_bare(column).search(text) for text in texts)


def with_column_renamed(index: Index, column: str, to: str) -> Index:
    """The index after the column has got another name."""

    def new(text: str) -> str:
        is_expression = text.startswith("(")
        return _bare(column).sub(to, text) if is_expression else to if text == column else text

    predicate = _bare(column).sub(to, index.predicate) if index.predicate else index.predicate
    keys, included = tuple(map(new, index.columns)), tuple(map(new, index.included))
    return replace(index, columns=keys, included=included, predicate=predicate)


def _bare(column: str) -> re.Pattern[str]:
    """The column's name as a word of its own: no function, no part of a text."""
    return re.compile(rf"(?<![\w.'\"]){re.escape(column)}(?![\w\"'(])")
