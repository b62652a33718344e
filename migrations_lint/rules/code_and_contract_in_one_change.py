"""A name that leaves the code and the database in one change, while the released code still uses it."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def code_and_contract_in_one_change(release: Release) -> Iterator[Finding]:
    """With `--since`: what the code named there for sure. What it still names, name-goes-while-code-uses-it says."""
    released = release.code.released
    for checked, statement, gone in release.taken_away() if released is not None else ():
        if released is None or any(one.by.is_sure for one in release.code.mentions(gone)):
            continue
        named = next((one for one in released.mentions(gone) if one.by.is_sure), None)
        if named is not None:
            yield release.finding(
                checked,
                statement,
                f"the released code names {gone} at {named.path.as_posix()}:{named.line} ({named.by.value}); this "
                "change takes it out of the code and the database at once, and the old code fails until it is gone",
                help=f"Release the code without {gone} first, and this migration in a later change.",
                relations=(gone.relation,),
                severity=Severity.ERROR,
            )
