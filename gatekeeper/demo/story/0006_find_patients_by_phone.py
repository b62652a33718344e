"""Reception looks patients up by phone number, and every patient must have one."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the phone numbers and require them."""
    op.create_index("patients_phone", "patients", ["phone"])
    op.alter_column("patients", "phone", nullable=False)


def downgrade() -> None:
    """Allow patients without a phone number again."""
    op.alter_column("patients", "phone", nullable=True)
    op.drop_index("patients_phone", "patients")
