"""The parts of all statements in one order: by the moment of the release, and never before what they stand on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from migrations_lint.expansion.parts import Part, Phase, Plan, Refusal, Split
from migrations_lint.expansion.ways_back import names_in

_WITHOUT_ROWS = frozenset({"AGGREGATE", "FUNCTION", "MATERIALIZED", "PROCEDURE", "TYPE", "VIEW"})


def in_order(found: Sequence[Split | Refusal]) -> Plan:
    """A statement that stands on one before it runs at the same moment at the earliest."""
    refusals: list[Refusal] = []
    splits: list[Split] = []
    for each in _made_again(found):
        placed = _placed(each, splits) if isinstance(each, Split) else each
        if isinstance(placed, Split):
            splits.append(placed)
        else:
            refusals.append(placed)
    for each in _beside_views(splits):
        splits.remove(each)
        refusals.append(Refusal(each.sql, each.line, f"{each.table} is a view while it has two names: rename it apart"))
    notes = dict.fromkeys(note for split in splits for note in split.notes)
    return Plan(tuple(_merged(_sorted(splits))), tuple(notes), tuple(refusals), tuple(splits))


def _made_again(found: Sequence[Split | Refusal]) -> Iterator[Split | Refusal]:
    """What is dropped to be made anew under its name is not taken away: both run at the same moment."""
    for number, each in enumerate(found):
        later = [other for other in found[number + 1 :] if isinstance(other, Split) and other.kept]
        made = {name for other in later if other.parts[0].phase is Phase.BEFORE_DEPLOY for name in other.makes}
        if isinstance(each, Split) and _is_drop(each) and each.makes <= made:
            yield replace(each, parts=tuple(replace(part, phase=Phase.BEFORE_DEPLOY) for part in each.parts))
        else:
            yield each


def _is_drop(split: Split) -> bool:
    """Of what holds no rows: a table that is made anew under its name is another one."""
    takes_away = split.kept and all(part.phase is Phase.CONTRACT for part in split.parts)
    return takes_away and split.sql.split()[1].upper() in _WITHOUT_ROWS


def _placed(split: Split, before: Iterable[Split]) -> Split | Refusal:
    words = names_in(split.sql)
    needed = [other for other in before if _stands_on(split, words, other)]
    at = max((_settled(other) for other in needed), key=lambda phase: phase.rank, default=Phase.BEFORE_DEPLOY)
    if at is Phase.CONTRACT and split.parts[0].phase is not Phase.CONTRACT:
        first = next(other for other in needed if _settled(other) is Phase.CONTRACT)
        return Refusal(
            split.sql, split.line, f"it needs what `{first.sql}` takes away first: put that into another file"
        )
    twice = next(((other, other.built & split.built) for other in before if other.built & split.built), None)
    if twice is not None:
        return Refusal(
            split.sql, split.line, f"`{twice[0].sql}` makes the same index or constraint anew: put it into another file"
        )
    parts = tuple(replace(part, phase=at) if part.phase.rank < at.rank else part for part in split.parts)
    return replace(split, parts=parts)


def _stands_on(split: Split, words: frozenset[str], other: Split) -> bool:
    """Whether it has to come after the other: it names what that one changes, or changes what that one names."""
    names = words | split.makes
    after = bool((other.makes | other.blocks) & names) and (
        other.table is None or other.table.name in words or other.hides
    )
    theirs = names_in(other.sql)
    return after or (bool(split.makes & theirs) and (split.table is None or split.table.name in theirs))


def _settled(split: Split) -> Phase:
    """When the statement has done all that others may stand on; a last part only clears away."""
    phases = [part.phase for part in split.parts]
    lasting = [phase for phase in phases if phase is not Phase.CONTRACT] or phases
    return lasting[-1]


def _beside_views(splits: Sequence[Split]) -> list[Split]:
    """Renames whose table other statements of the migration change too, at a time when it is a view."""
    return [
        split
        for number, split in enumerate(splits)
        if split.hides and any(_meets_view(split, other, later=at > number) for at, other in enumerate(splits))
    ]


def _meets_view(split: Split, other: Split, *, later: bool) -> bool:
    words = names_in(other.sql)
    if other is split or split.table is None or split.table.name not in words:
        return False
    is_late = other.hides or any(part.phase is not Phase.BEFORE_DEPLOY for part in other.parts)
    reads_it = other.table != split.table or bool(split.makes & words)
    return is_late or (split.in_place and later and reads_it)


def _sorted(splits: Sequence[Split]) -> list[tuple[Split, Part]]:
    """What puts a view in the table's place comes last before the deploy: it shows the columns of that moment."""
    order = sorted(splits, key=lambda split: split.in_place)
    parts = [(split, part) for split in order for part in split.parts]
    return sorted(parts, key=lambda pair: pair[1].phase.rank)


def _merged(parts: Iterable[tuple[Split, Part]]) -> list[Part]:
    """Neighbours that run as they are share a file, as they did before; what takes away has one of its own."""
    merged: list[Part] = []
    may_join = False
    for split, part in parts:
        is_plain = split.kept and part.phase is not Phase.CONTRACT and not part.begins_anew
        if may_join and is_plain and merged[-1].phase is part.phase:
            last = merged[-1]
            why = last.why if part.why in last.why else f"{last.why} {part.why}"
            merged[-1] = replace(last, steps=last.steps + part.steps, why=why)
        else:
            merged.append(part)
        may_join = is_plain
    return _distinct(merged)


def _distinct(parts: Sequence[Part]) -> list[Part]:
    """No title twice, for files are called by them."""
    seen: dict[str, int] = {}
    named: list[Part] = []
    for part in parts:
        seen[part.title] = number = seen.get(part.title, 0) + 1
        named.append(part if number == 1 else replace(part, title=f"{part.title}_{number}"))
    return named
