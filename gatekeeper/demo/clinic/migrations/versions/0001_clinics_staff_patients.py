"""Clinics, their staff and their patients."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the three tables that everything else refers to."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "clinics",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.UniqueConstraint("slug", name="clinics_slug_key"),
        sa.UniqueConstraint("host", name="clinics_host_key"),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="staff_clinic_id_fkey"),
        sa.UniqueConstraint("clinic_id", "email", name="staff_clinic_id_email_key"),
        sa.CheckConstraint("email = lower(email)", name="staff_email_check"),
    )
    op.create_table(
        "patients",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("record_number", sa.Text(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=False, comment="phi: read by the clinic's staff, audited"),
        sa.Column("phone", sa.String(32)),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="patients_clinic_id_fkey"),
        sa.UniqueConstraint("clinic_id", "record_number", name="patients_clinic_id_record_number_key"),
    )
    op.create_index("patients_clinic_id_family_name", "patients", ["clinic_id", "family_name"])


def downgrade() -> None:
    """Drop the three tables."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_table("patients")
    op.drop_table("staff")
    op.drop_table("clinics")
