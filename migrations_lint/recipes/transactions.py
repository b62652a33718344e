"""The statement as it is, in another transaction or none, and with a timeout."""

from migrations_lint.model import Fix
from migrations_lint.moment import Moment
from migrations_lint.steps import alone, later


def outside_transaction(moment: Moment) -> Fix | None:
    """The statement as it is, where no transaction is open."""
    return moment.fix(alone(moment.text))


def in_later_transaction(moment: Moment) -> Fix | None:
    """The statement as it is, once everything before it is committed."""
    return moment.fix(later(moment.text))


def set_lock_timeout(moment: Moment) -> Fix | None:
    """lock_timeout, where and as the tool wants it: what `gatekeeper inject` writes."""
    return moment.fix()
