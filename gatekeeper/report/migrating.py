"""What `gatekeeper migrate` says: of each try, of a plan, of everything that was done; in words and as JSON."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatekeeper.apply.plan import MigrationPlan, PlannedPart
    from gatekeeper.errors import GaveWay
    from gatekeeper.model.applied import Applied, Attempt, MigrateReport, Stall

_SHOWN = 100


def try_in_words(attempt: "Attempt") -> str:
    """One line for who watches: the try, what came of it, what it cost others."""
    what = f"{attempt.migration}, transaction {attempt.transaction}, try {attempt.number}: {attempt.outcome}"
    times = f"waited {attempt.waited * 1000:.0f} ms for locks, held them for {attempt.held * 1000:.0f} ms"
    return f"{what}; {times}; {_stall_in_words(attempt.stall)}"


def report_in_words(report: "MigrateReport") -> str:
    """What is in place now, a line each."""
    lines = [
        f"applied {one.id} in {one.seconds:.2f} s, {_tries(one.tries)}; {_stall_in_words(one.stall)}"
        for one in report.applied
    ]
    return "\n".join(lines) or "nothing is pending"


def plan_in_words(plan: "MigrationPlan") -> str:
    """What would run, what speaks for and against it, and the way back."""
    if not plan.migrations:
        return "nothing is pending"
    lines = ["would apply:"]
    for migration in plan.migrations:
        lines.append(f"  {migration.id}  ({migration.path})")
        for part in migration.parts:
            lines += [f"    {line}" for line in _part_in_words(part)]
    lines += ["", "the target:"]
    lines += [f"  {item.verdict.value:<4}  {item}" for item in plan.preflight]
    lines += ["", "the way back:"]
    first, *others = plan.undo
    lines.append(f"  row {first.row}: {first.plan}")
    lines += [f"  if the previous version does not work on the new schema, row {one.row}: {one.plan}" for one in others]
    return "\n".join(lines)


def report_as_json(report: "MigrateReport") -> dict[str, Any]:
    """Everything that was done, each try and each statement of it."""
    return {"version": 1, "plan": False, "applied": [_applied(one) for one in report.applied], "pending": []}


def gave_way_as_json(gave_way: "GaveWay", attempts: Sequence["Attempt"]) -> dict[str, Any]:
    """Why it gave way, and every try until then."""
    told = {"message": gave_way.what, "seen": list(gave_way.seen), "next_step": gave_way.next_step}
    return {"version": 1, "plan": False, "gave_way": told, "attempts": [_attempt(one) for one in attempts]}


def plan_as_json(plan: "MigrationPlan") -> dict[str, Any]:
    """What would run; `pending` holds the ids alone."""
    return {
        "version": 1,
        "plan": True,
        "applied": [],
        "pending": [migration.id for migration in plan.migrations],
        "migrations": [
            {"id": one.id, "path": str(one.path), "transactions": [_part(part) for part in one.parts]}
            for one in plan.migrations
        ],
        "preflight": [
            {"subject": item.subject, "verdict": item.verdict.value, "seen": item.seen, "next_step": item.next_step}
            for item in plan.preflight
        ],
        "undo": [{"row": one.row, "plan": one.plan} for one in plan.undo],
    }


def _part_in_words(part: "PlannedPart") -> Iterator[str]:
    if not part.batch.in_transaction:
        yield "outside a transaction:"
    for statement in part.batch.statements:
        text = " ".join(statement.sql.split())
        yield f"line {statement.line}: {text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}"
    for demand in part.demands:
        yield f"  locks {demand.relation} in {demand.mode.value} mode"
    if part.impact is not None:
        yield f"  {part.impact}"


def _part(part: "PlannedPart") -> dict[str, Any]:
    return {
        "in_transaction": part.batch.in_transaction,
        "statements": [{"line": one.line, "sql": one.sql} for one in part.batch.statements],
        "locks": [{"relation": str(one.relation), "mode": one.mode.value} for one in part.demands],
        "expected_seconds": None if part.impact is None else round(part.impact.seconds, 3),
    }


def _applied(one: "Applied") -> dict[str, Any]:
    return {
        "id": one.id,
        "path": str(one.path),
        "seconds": round(one.seconds, 3),
        "tries": one.tries,
        **_stall(one.stall),
        "attempts": [_attempt(attempt) for attempt in one.attempts],
    }


def _attempt(one: "Attempt") -> dict[str, Any]:
    return {
        "migration": one.migration,
        "transaction": one.transaction,
        "number": one.number,
        "outcome": one.outcome,
        "seconds": round(one.seconds, 4),
        "waited_seconds": round(one.waited, 4),
        "held_seconds": round(one.held, 4),
        **_stall(one.stall),
        "statements": [
            {
                "line": run.line,
                "sql": run.sql,
                "seconds": round(run.seconds, 4),
                "rows": run.rows,
                "wal_bytes": run.wal_bytes,
            }
            for run in one.statements
        ],
        "blockers": [str(blocker) for blocker in one.blockers],
    }


def _stall(stall: "Stall") -> dict[str, Any]:
    return {"stalled_sessions": stall.sessions, "worst_stall_seconds": round(stall.worst_seconds, 3)}


def _stall_in_words(stall: "Stall") -> str:
    if not stall.sessions:
        return "nobody was seen waiting for us"
    requests = f"{stall.sessions} request{'' if stall.sessions == 1 else 's'}"
    return f"{requests} waited for us, the longest {stall.worst_seconds * 1000:.0f} ms"


def _tries(number: int) -> str:
    return f"{number} {'try' if number == 1 else 'tries'}"
