"""The name that a patient wants to be called by: nullable, so that the release before does not notice."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, without a default and without a rewrite."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("patients", sa.Column("preferred_name", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop the column, and with it the names entered since."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_column("patients", "preferred_name")
