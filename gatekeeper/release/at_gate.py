"""The gate of a release: who must approve it, and what exactly they sign."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from gatekeeper import __version__
from gatekeeper.config.settings import Settings
from gatekeeper.model.evidence import Evidence
from gatekeeper.model.gate import Approval, Gate, Opened, Refused, Waiting
from gatekeeper.model.release import Release, ReleaseRecord, StepState
from gatekeeper.policy.digest import DigestInputs, digest_of, inputs_of, release_digest
from gatekeeper.policy.gates import may_open
from gatekeeper.policy.plan import Plan, foresee
from gatekeeper.release.approver import checked
from gatekeeper.release.situation import Found, before_migrating
from gatekeeper.store.open import Store


@dataclass(frozen=True, slots=True)
class Signed:
    """What an approval is given for: the inputs, their digest, and the plan with its way back."""

    inputs: DigestInputs
    digest: str
    plan: Plan


def gate_of(settings: Settings, release: Release, authors: Sequence[str]) -> Gate:
    """The gate before the release's environment; `authors` wrote what is released."""
    gate = settings.gate
    return Gate(
        release.environment,
        dict(gate.approvals),
        release.starter,
        gate.approvers,
        gate.expires_after,
        tuple(authors),
        gate.aliases,
        gate.break_glass,
        must_sign=bool(gate.keys),
    )


def authors_of(record: ReleaseRecord) -> tuple[str, ...]:
    """Who wrote the release, as it was found when the release came to its gate."""
    step = record.step("gate")
    return tuple(step.result.get("facts", {}).get("authors", ())) if step else ()


def said_of(settings: Settings, store: Store, release: Release) -> tuple[Approval, ...]:
    """What was said about it, each with whether it is signed by whoever it names."""
    return checked(release, store.approvals.of(release.id), settings.gate.keys, settings.gate.aliases)


def was_let_through(record: ReleaseRecord) -> bool:
    """Whether one person has let it through the gate."""
    step = record.step("gate")
    return step is not None and bool(step.result.get("facts", {}).get("break_glass"))


def signed(settings: Settings, release: Release, found: Found, evidence: Sequence[Evidence]) -> Signed:
    """Compute it from what is there now; the order in which evidence arrived does not matter."""
    plan = foresee(release, before_migrating(release, found))
    inputs = inputs_of(
        release,
        evidence,
        plan.undo(),
        database_host=_host(settings),
        policy=digest_of(_policy(settings)),
        deploy=digest_of(_plain(settings.deploy.model_dump(mode="json"))),
        tool=f"gatekeeper {__version__}",
    )
    return Signed(inputs, release_digest(inputs), plan)


def waits_for(settings: Settings, store: Store, record: ReleaseRecord) -> tuple[Waiting, ...]:
    """Who is missing now at the gate that a release waits at; nobody where it waits at none."""
    answer = answer_at_gate(settings, store, record)
    return (answer,) if isinstance(answer, Waiting) else ()


def answer_at_gate(settings: Settings, store: Store, record: ReleaseRecord) -> Opened | Waiting | Refused | None:
    """What the gate would answer now to a release that waits at it; None for one that does not."""
    step = record.step("gate")
    if step is None or step.state is not StepState.WAITING or record.release.outcome is not None:
        return None
    approvals = said_of(settings, store, record.release)
    gate = gate_of(settings, record.release, authors_of(record))
    return may_open(gate, approvals, record.release.digest, datetime.now(UTC))


def _host(settings: Settings) -> str:
    url = settings.migrate.url.get_secret_value() if settings.migrate.url else ""
    return urlsplit(url).hostname or ""


def _policy(settings: Settings) -> dict[str, Any]:
    checks = [
        [check.use, check.name, check.critical, str(check.quarantine), check.shadow, str(sorted(check.options.items()))]
        for check in settings.smoke.check
    ]
    return {
        "gate": _plain(settings.gate.model_dump(mode="json")),
        "lint": [settings.lint.fail_on, list(settings.lint.off), [list(pair) for pair in settings.lint.severity]],
        "smoke": [settings.smoke.url, settings.smoke.shadow, checks],
    }


def _plain(value: Any) -> Any:
    """JSON values only: canonical JSON has no tuples."""
    match value:
        case dict():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case str() | int() | float() | bool() | None:
            return value
        case _:
            return str(value)
