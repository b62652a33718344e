"""Intake forms sent by another system, each stored once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; its unique key is what makes a second delivery harmless."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "intake_submissions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("submission_id", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("answers", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="intake_submissions_clinic_id_fkey"),
        sa.UniqueConstraint("clinic_id", "submission_id", name="intake_submissions_clinic_id_submission_id_key"),
    )


def downgrade() -> None:
    """Drop the table."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_table("intake_submissions")
