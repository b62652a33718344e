"""Every new patient must have a phone number; old rows are looked at later."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """NOT VALID: an instant lock and no scan."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_check_constraint("patients_phone_there", "patients", "phone IS NOT NULL", postgresql_not_valid=True)


def downgrade() -> None:
    """Allow new patients without one again."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_constraint("patients_phone_there", "patients", type_="check")
