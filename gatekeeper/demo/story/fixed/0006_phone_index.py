"""Reception looks patients up by phone number: an index, built while everyone goes on working."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build it beside the traffic, outside a transaction."""
    with op.get_context().autocommit_block():
        op.create_index("patients_phone", "patients", ["phone"], postgresql_concurrently=True)


def downgrade() -> None:
    """Drop it the same way."""
    with op.get_context().autocommit_block():
        op.drop_index("patients_phone", "patients", postgresql_concurrently=True)
