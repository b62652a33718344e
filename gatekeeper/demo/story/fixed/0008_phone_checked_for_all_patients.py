"""The old rows are checked as well, while reads and writes go on."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Read through the table under a lock that stops nobody."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("ALTER TABLE patients VALIDATE CONSTRAINT patients_phone_there")


def downgrade() -> None:
    """Put the constraint back as it was: not validated."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(
        "ALTER TABLE patients DROP CONSTRAINT patients_phone_there, "
        "ADD CONSTRAINT patients_phone_there CHECK (phone IS NOT NULL) NOT VALID"
    )
