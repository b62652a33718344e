"""Sessions with rotating refresh tokens, and the record of who read which patient."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; the audit refers to nobody by key, so that it outlives what it tells about."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("access_hash", sa.Text(), nullable=False),
        sa.Column("access_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="sessions_staff_id_fkey"),
        sa.UniqueConstraint("access_hash", name="sessions_access_hash_key"),
    )
    op.create_index("sessions_staff_id", "sessions", ["staff_id"])
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.Text(), primary_key=True),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="refresh_tokens_session_id_fkey"),
    )
    op.create_index("refresh_tokens_session_id", "refresh_tokens", ["session_id"])
    op.create_table(
        "phi_access_audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.CheckConstraint("action IN ('list', 'read')", name="phi_access_audit_action_check"),
    )
    op.create_index("phi_access_audit_patient_id_occurred_at", "phi_access_audit", ["patient_id", "occurred_at"])


def downgrade() -> None:
    """Drop the tables."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_table("phi_access_audit")
    op.drop_table("refresh_tokens")
    op.drop_table("sessions")
