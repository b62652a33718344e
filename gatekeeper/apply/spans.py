"""Tries as OpenTelemetry spans, statements below them; without an SDK in the process they cost nothing and go nowhere.

Names follow OpenTelemetry's conventions for database spans (db.system.name, db.query.text). The text is the migration's
own, as it stands in its file.
"""

from gatekeeper.model.applied import Attempt

_NANOSECONDS = 1_000_000_000


def trace_attempt(attempt: Attempt) -> None:
    """Hand a try that is over to whatever SDK the process has."""
    from opentelemetry import trace

    tracer = trace.get_tracer("gatekeeper.apply")
    span = tracer.start_span(
        f"migrate {attempt.migration}",
        start_time=round(attempt.began * _NANOSECONDS),
        attributes={
            "db.system.name": "postgresql",
            "gatekeeper.migration": attempt.migration,
            "gatekeeper.transaction": attempt.transaction,
            "gatekeeper.try": attempt.number,
            "gatekeeper.outcome": attempt.outcome,
            "gatekeeper.waited_seconds": attempt.waited,
            "gatekeeper.held_seconds": attempt.held,
            "gatekeeper.stalled_requests": attempt.stall.sessions,
            "gatekeeper.worst_stall_seconds": attempt.stall.worst_seconds,
        },
    )
    for run in attempt.statements:
        child = tracer.start_span(
            run.sql.split(maxsplit=1)[0].upper(),
            context=trace.set_span_in_context(span),
            start_time=round(run.began * _NANOSECONDS),
            attributes={"db.query.text": run.sql, "gatekeeper.wal_bytes": run.wal_bytes},
        )
        if run.rows is not None:
            child.set_attribute("gatekeeper.rows", run.rows)
        child.end(round((run.began + run.seconds) * _NANOSECONDS))
    span.end(round((attempt.began + attempt.seconds) * _NANOSECONDS))
