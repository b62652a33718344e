"""Room for longer words in what people say at a gate, such as break-glass.

Revision ID: s0004
Revises: s0003
"""

import sqlalchemy as sa
from alembic import op

revision = "s0004"
down_revision = "s0003"


def upgrade() -> None:
    """A longer varchar is no rewrite on PostgreSQL; SQLite makes the small table anew."""
    with op.batch_alter_table("approvals") as approvals:
        approvals.alter_column("decision", type_=sa.String(20), existing_type=sa.String(10), existing_nullable=False)


def downgrade() -> None:
    """Back; it fails where a longer word was said, and nothing is lost."""
    with op.batch_alter_table("approvals") as approvals:
        approvals.alter_column("decision", type_=sa.String(10), existing_type=sa.String(20), existing_nullable=False)
