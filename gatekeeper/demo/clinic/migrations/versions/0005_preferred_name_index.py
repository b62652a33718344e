"""Finding patients by preferred name, with an index built while everyone keeps working."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the index concurrently: the only statement here, so that a failure leaves nothing half done."""
    with op.get_context().autocommit_block():
        op.create_index(
            "patients_clinic_id_preferred_name",
            "patients",
            ["clinic_id", "preferred_name"],
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    """Drop the index concurrently."""
    with op.get_context().autocommit_block():
        op.drop_index("patients_clinic_id_preferred_name", "patients", postgresql_concurrently=True)
