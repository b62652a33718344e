"""What the grammar of the parser knows: its kinds of statement, and the sub-commands of ALTER TABLE."""

import postgast


def statement_kinds() -> frozenset[str]:
    """Every `Statement.kind` that the parser's tree has a place for."""
    return frozenset(
        field.name for field in postgast.pg_query_pb2.Node.DESCRIPTOR.fields if field.name.endswith("_stmt")
    )


def alter_table_types() -> frozenset[str]:
    """Every sub-command of ALTER TABLE, by the names that `nodes.word` gives."""
    return frozenset(postgast.pg_query_pb2.AlterTableType.DESCRIPTOR.values_by_name)
