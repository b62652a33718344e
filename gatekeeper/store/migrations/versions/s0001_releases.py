"""Releases, their steps and evidence, what was said at gates, and who may act.

Revision ID: s0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "s0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "releases",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text()),
        sa.Column("commit", sa.Text(), nullable=False),
        sa.Column("starter", sa.Text(), nullable=False),
        sa.Column("started", moment, nullable=False),
        sa.Column("ended", moment),
        sa.Column("migrations", json, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("phase", sa.String(20), nullable=False),
        sa.Column("outcome", sa.String(20)),
        sa.Column("undo_row", sa.Integer()),
        sa.Column("undo_plan", sa.Text()),
        sa.Column("summary", sa.Text(), nullable=False),
    )
    op.create_table(
        "steps",
        sa.Column("release", sa.String(40), sa.ForeignKey("releases.id"), primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("started", moment, nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("evidence", json, nullable=False),
        sa.Column("result", json, nullable=False),
    )
    op.create_table(
        "evidence",
        sa.Column("release", sa.String(40), sa.ForeignKey("releases.id"), primary_key=True),
        sa.Column("kind", sa.String(40), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("made", moment, nullable=False),
    )
    op.create_table(
        "approvals",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("release", sa.String(40), sa.ForeignKey("releases.id"), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("decision", sa.String(10), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
    )
    op.create_index("ix_approvals_release", "approvals", ["release"])
    op.create_table(
        "leases",
        sa.Column("place", sa.Text(), primary_key=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires", moment, nullable=False),
    )


def downgrade() -> None:
    """Take the tables away, and everything remembered with them."""
    op.drop_table("leases")
    op.drop_index("ix_approvals_release", "approvals")
    op.drop_table("approvals")
    op.drop_table("evidence")
    op.drop_table("steps")
    op.drop_table("releases")
