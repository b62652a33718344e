"""Some phone numbers come with an extension and do not fit into 32 characters."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Lift the limit; text and varchar are stored alike, so nothing is rewritten."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.alter_column("patients", "phone", type_=sa.Text())


def downgrade() -> None:
    """Bring the short column back."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_column("patients", "phone")
    op.add_column("patients", sa.Column("phone", sa.String(32)))
