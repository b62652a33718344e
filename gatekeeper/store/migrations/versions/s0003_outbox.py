"""The outbox: what people are to be told, until they have been.

Revision ID: s0003
Revises: s0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "s0003"
down_revision = "s0002"


def upgrade() -> None:
    """Make the table; a key stands in it once, however often it is put there."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "outbox",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("release", sa.String(40), sa.ForeignKey("releases.id"), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("event", sa.String(20), nullable=False),
        sa.Column("message", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("written", moment, nullable=False),
        sa.Column("claimed", moment),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent", moment),
    )
    op.create_index("ix_outbox_release", "outbox", ["release"])


def downgrade() -> None:
    """Take it away, and with it what nobody has been told yet."""
    op.drop_table("outbox")
