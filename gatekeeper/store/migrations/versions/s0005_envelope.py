"""The signed statement of an approval, where the approver signed one.

Revision ID: s0005
Revises: s0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "s0005"
down_revision = "s0004"


def upgrade() -> None:
    """A column that may be empty: nothing is rewritten."""
    json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
    op.add_column("approvals", sa.Column("envelope", json))


def downgrade() -> None:
    """Take it away, and with it the proof of who approved."""
    op.drop_column("approvals", "envelope")
