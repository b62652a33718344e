"""Roll back: the provider puts the previous version live again; the schema is left as it is."""

from gatekeeper.model.message import Event
from gatekeeper.model.release import Phase, StepState
from gatekeeper.release import serving
from gatekeeper.release.carry_out import carry_out, problem_of
from gatekeeper.release.desk import Desk
from gatekeeper.release.lease import check_fence
from gatekeeper.release.step import Result, Work, done, failed


def act(desk: Desk) -> Result:
    """Carry out what the provider plans, then ask which version serves."""
    desk.teller.tell(desk.release, Event.ROLLING_BACK, _reason(desk))
    check_fence(desk.settings, desk.lease, even_if_down=True)
    about = serving.of(desk.settings, desk.release, desk.lease)
    carried = carry_out(desk.provider.plan_rollback(about), lambda text: desk.remark("rollback", text))
    if (problem := problem_of(carried)) is not None:
        return failed(problem)
    return _confirmed(desk) or done(f"{desk.release.previous} was restored; the provider cannot say what serves")


def _reason(desk: Desk) -> str:
    failures = [step for step in desk.store.steps.of(desk.release_id) if step.state is StepState.FAILED]
    because = f"{failures[-1].name}: {failures[-1].summary}" if failures else "a rollback was asked for"
    return f"{because}. {desk.release.previous} is being put live again."


def observe(desk: Desk) -> Result | None:
    """After a crash: restored already, or to be restored again."""
    seen = _confirmed(desk)
    return seen if seen is not None and seen.is_good else None


def _confirmed(desk: Desk) -> Result | None:
    about = serving.of(desk.settings, desk.release)
    if not serving.can_be_asked(desk.settings, about):
        return None
    serves = serving.serving_version(desk.settings, about)
    if serves == desk.release.previous:
        return done(f"{serves} serves again")
    return failed(f"{serves or 'nothing'} serves after the rollback to {desk.release.previous}")


WORK = Work("rollback", Phase.ROLL_BACK, act, observe)
