"""The safe forms that several rules point to, as fixes in the user's own names.

A recipe answers None where the statement has no such form, or its text does not show where to change it. Sources: the
notes on CREATE INDEX, ALTER TABLE and DROP INDEX in PostgreSQL 18; `docs/concepts/fixes.md` tells the recipes.
"""

from migrations_lint.recipes.columns import compared_json, default_apart, not_null_without_scan
from migrations_lint.recipes.constraints import column_check_apart, constraint_using_index, not_valid_then_validate
from migrations_lint.recipes.indexes import (
    build_concurrently,
    drop_concurrently,
    partition_by_partition,
    reindex_concurrently,
)
from migrations_lint.recipes.relations import detach_concurrently, refresh_concurrently, view_under_old_name
from migrations_lint.recipes.transactions import in_later_transaction, outside_transaction, set_lock_timeout

__all__ = [
    "build_concurrently",
    "column_check_apart",
    "compared_json",
    "constraint_using_index",
    "default_apart",
    "detach_concurrently",
    "drop_concurrently",
    "in_later_transaction",
    "not_null_without_scan",
    "not_valid_then_validate",
    "outside_transaction",
    "partition_by_partition",
    "refresh_concurrently",
    "reindex_concurrently",
    "set_lock_timeout",
    "view_under_old_name",
]
