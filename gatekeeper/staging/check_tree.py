"""What a CHECK proves filled, read from its stored tree: asking the server for its text would wait for the table."""

import re

_IS_NOT_NULL = r"\{NULLTEST :arg \{VAR :varno \d+ :varattno (\d+) [^{}]*\} :nulltesttype 1 :argisrow false[^{}]*\}"
_ONE = re.compile(_IS_NOT_NULL)
_ALL_OF = re.compile(rf"\{{BOOLEXPR :boolop and :args \(((?:{_IS_NOT_NULL} ?)+)\)")


def columns_not_null(tree: str) -> tuple[int, ...]:
    """The column numbers for which the tree of `pg_constraint.conbin` is IS NOT NULL, or an AND of nothing else."""
    one = _ONE.match(tree)
    if one is not None:
        return (int(one[1]),)
    several = _ALL_OF.match(tree)
    return tuple(int(part[1]) for part in _ONE.finditer(several[1])) if several else ()
