"""Decides from what is seen after a deploy: is the release bad, is it good, or do we not know?

Every look asks an exact binomial test whether the budget of bad events is overdrawn beyond chance. The chance that
all looks at all objectives together blame a healthy release is at most `alpha` (Bonferroni: it is divided among them),
so looking often does no harm. Where it is known how it was before the deploy, Fisher's exact test has to agree that it
got worse: a release is not blamed for what was bad already, for rolling it back would not help.
"""

from collections.abc import Mapping, Sequence

from gatekeeper.model.bake import Bake, BakeVerdict, Counts, Judged, Look, Objective, Schedule
from smoke.exact import binomial_tail, fisher_tail

_WORST_FIRST = (BakeVerdict.FAILED, BakeVerdict.INCONCLUSIVE, BakeVerdict.WATCHING, BakeVerdict.GOOD)


def judge(
    objectives: Sequence[Objective], looks: Sequence[Look], before: Mapping[str, Counts], schedule: Schedule
) -> Bake:
    """What the looks so far say. `before` are the counts of the version that served until now, where there are any."""
    bound = schedule.alpha / (max(schedule.looks, 1) * max(len(objectives), 1))
    over = len(looks) >= schedule.looks
    judged = tuple(_one(one, looks, before.get(one.name), bound, over=over) for one in objectives)
    verdicts = {one.verdict for one in judged}
    return Bake(next((verdict for verdict in _WORST_FIRST if verdict in verdicts), BakeVerdict.GOOD), judged)


def _one(objective: Objective, looks: Sequence[Look], before: Counts | None, bound: float, *, over: bool) -> Judged:
    seen = [counts for look in looks if (counts := look.seen.get(objective.name)) is not None]
    newest = seen[-1] if seen else None
    undecided = BakeVerdict.INCONCLUSIVE if over else BakeVerdict.WATCHING
    if newest is None:
        return Judged(objective.name, undecided, None, None, "no data")
    if newest.total < objective.minimum:
        told = f"{newest.bad} bad of {newest.total}; fewer than {objective.minimum}, so nothing can be said"
        return Judged(objective.name, undecided, newest, None, told)
    surprise = binomial_tail(newest.bad, newest.total, objective.budget)
    told = f"{newest.bad} bad of {newest.total} ({newest.share:.2%}), {objective.budget:.2%} are allowed"
    if surprise > bound:
        return Judged(objective.name, _unless_blind(looks, objective, over=over), newest, surprise, told)
    if before is not None and before.total and fisher_tail(newest.bad, newest.total, before.bad, before.total) > bound:
        told += f"; it was no better before ({before.share:.2%} of {before.total}), so the release is not to blame"
        return Judged(objective.name, undecided, newest, surprise, told)
    return Judged(objective.name, BakeVerdict.FAILED, newest, surprise, told)


def _unless_blind(looks: Sequence[Look], objective: Objective, *, over: bool) -> BakeVerdict:
    """Good at the end, unless the last look or half of them saw nothing: a gap is no success."""
    if not over:
        return BakeVerdict.WATCHING
    missing = sum(look.seen.get(objective.name) is None for look in looks)
    blind = looks[-1].seen.get(objective.name) is None or missing * 2 > len(looks)
    return BakeVerdict.INCONCLUSIVE if blind else BakeVerdict.GOOD
