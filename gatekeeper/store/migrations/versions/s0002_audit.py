"""The audit log: entries that are only ever added, their details, who is behind a pseudonym, and signed heads.

Revision ID: s0002
Revises: s0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "s0002"
down_revision = "s0001"

_ONLY_ADDED = ("audit_entries", "audit_heads")


def upgrade() -> None:
    """Make the tables, and let the database itself refuse to change an entry."""
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "audit_entries",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("details", sa.String(64), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
    )
    op.create_table(
        "audit_details",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("content", json, nullable=False),
    )
    op.create_table(
        "audit_actors",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("pseudonym", sa.Text(), nullable=False, unique=True),
    )
    op.create_table(
        "audit_heads",
        sa.Column("size", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text(), nullable=False),
    )
    if op.get_context().dialect.name == "postgresql":
        _refuse_on_postgresql()
    else:
        _refuse_on_sqlite()


def downgrade() -> None:
    """Take the log away, and with it every trace of who did what."""
    for table in ("audit_heads", "audit_actors", "audit_details", "audit_entries"):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_is_only_added()")


def _refuse_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_is_only_added() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is only ever added to'; END $$"
    )
    for table in _ONLY_ADDED:
        op.execute(
            f"CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added()"
        )


def _refuse_on_sqlite() -> None:
    for table in _ONLY_ADDED:
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END"
            )
