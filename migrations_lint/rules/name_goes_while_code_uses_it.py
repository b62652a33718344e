"""A table or column that goes, or gets another name, while the repository's code still names it."""

from collections.abc import Iterator, Sequence

from migrations_lint.model import Finding, Mention, NamedBy, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_SHOWN = 3


@release_rule
def name_goes_while_code_uses_it(release: Release) -> Iterator[Finding]:
    """One finding for each name, with the surest places first; silent for a name that is there again in the end."""
    for checked, statement, gone in release.taken_away():
        mentions = release.code.mentions(gone)
        if mentions:
            yield release.finding(
                checked,
                statement,
                f"{_places(mentions)} {gone}, which is gone once this has run",
                help=f"Take {gone} out of the code and release that first. {_HOW[mentions[0].by]}",
                relations=(gone.relation,),
                severity=_severity(mentions[0]),
            )


_HOW = {
    NamedBy.MODEL: "The model asks for it with every query.",
    NamedBy.SQL: "The query fails as soon as it runs.",
    NamedBy.ATTRIBUTE: "The model's attribute becomes part of a query.",
    NamedBy.SQL_IN_PART: "The query could not be read whole, so look whether it means this one.",
    NamedBy.WORD: "Only the word was found, in a file that also speaks of the table: look whether it means this one.",
}


def _severity(surest: Mention) -> Severity:
    if surest.by.is_sure:
        return Severity.ERROR
    return Severity.NOTE if surest.by is NamedBy.WORD else Severity.WARNING


def _places(mentions: Sequence[Mention]) -> str:
    """The surest places by name; the others as a number, and bare words beside them only as a number of files."""
    sure = [one for one in mentions if one.by is not NamedBy.WORD] or mentions
    shown, rest = sure[:_SHOWN], sure[_SHOWN:]
    places = ", ".join(f"{one.path.as_posix()}:{one.line} ({one.by.value})" for one in shown)
    if rest:
        places += f" and {_counted(len(rest), 'more line')} in {_counted(len({one.path for one in rest}), 'file')}"
    verb = "still names" if len(sure) == 1 else "still name"
    words = {one.path for one in mentions[len(sure) :]} - {one.path for one in sure}
    aside = f" (the word alone is in {_counted(len(words), 'further file')})" if words else ""
    return f"{places}{aside} {verb if mentions[0].by.is_sure else 'may still name'}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
