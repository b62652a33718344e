"""The tables, as SQLAlchemy Core sees them; `migrations/` makes them, and a test holds the two together."""

from datetime import UTC, datetime

from sqlalchemy import JSON, Column, DateTime, Float, ForeignKey, Integer, MetaData, String, Table, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


class Moment(TypeDecorator[datetime]):
    """A point in time. SQLite forgets the zone, so UTC goes in and UTC comes out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From UTC; PostgreSQL hands it out in the zone of the session."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


_JSON = JSON().with_variant(JSONB(), "postgresql")

releases = Table(
    "releases",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("service", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("previous", Text),
    Column("commit", Text, nullable=False),
    Column("starter", Text, nullable=False),
    Column("started", Moment, nullable=False),
    Column("ended", Moment),
    Column("migrations", _JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("phase", String(20), nullable=False),
    Column("outcome", String(20)),
    Column("undo_row", Integer),
    Column("undo_plan", Text),
    Column("summary", Text, nullable=False),
)

steps = Table(
    "steps",
    metadata,
    Column("release", ForeignKey("releases.id"), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("started", Moment, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("summary", Text, nullable=False),
    Column("evidence", _JSON, nullable=False),
    Column("result", _JSON, nullable=False),
)

evidence = Table(
    "evidence",
    metadata,
    Column("release", ForeignKey("releases.id"), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("verdict", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("made", Moment, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("release", ForeignKey("releases.id"), nullable=False, index=True),
    Column("gate", Text, nullable=False),
    Column("decision", String(20), nullable=False),
    Column("who", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("envelope", JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")),
)

leases = Table(
    "leases",
    metadata,
    Column("place", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("release", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("expires", Moment, nullable=False),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("details", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
)

audit_details = Table(
    "audit_details",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("content", _JSON, nullable=False),
)

audit_actors = Table(
    "audit_actors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("pseudonym", Text, nullable=False, unique=True),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("size", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("release", ForeignKey("releases.id"), nullable=False, index=True),
    Column("channel", Text, nullable=False),
    Column("event", String(20), nullable=False),
    Column("message", _JSON, nullable=False),
    Column("written", Moment, nullable=False),
    Column("claimed", Moment),
    Column("attempts", Integer, nullable=False),
    Column("sent", Moment),
)
