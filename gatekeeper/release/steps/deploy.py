"""Deploy: the provider puts the new version live, and says that it serves."""

from gatekeeper.model.release import Phase
from gatekeeper.release import serving
from gatekeeper.release.carry_out import carry_out, problem_of
from gatekeeper.release.desk import Desk
from gatekeeper.release.lease import check_fence
from gatekeeper.release.step import Result, Work, done, failed


def act(desk: Desk) -> Result:
    """Carry out what the provider plans, then ask which version serves."""
    check_fence(desk.settings, desk.lease, even_if_down=False)
    about = serving.of(desk.settings, desk.release, desk.lease)
    carried = carry_out(desk.provider.plan_deploy(about), lambda text: desk.remark("deploy", text))
    if (problem := problem_of(carried)) is not None:
        return failed(problem)
    return _confirmed(desk) or done(f"{desk.release.version} was deployed; the provider cannot say what serves")


def observe(desk: Desk) -> Result | None:
    """After a crash: deployed already, or to be deployed again."""
    seen = _confirmed(desk)
    return seen if seen is not None and seen.is_good else None


def _confirmed(desk: Desk) -> Result | None:
    about = serving.of(desk.settings, desk.release)
    if not serving.can_be_asked(desk.settings, about):
        return None
    serves = serving.serving_version(desk.settings, about)
    if serves == desk.release.version:
        return done(f"{serves} serves")
    return failed(f"{serves or 'nothing'} serves after the deploy of {desk.release.version}")


WORK = Work("deploy", Phase.DEPLOY, act, observe)
