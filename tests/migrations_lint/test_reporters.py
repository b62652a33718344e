"""Reports for machines fit their schemas whatever the migrations hold, and the text shows a statement once."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from migrations_lint.baseline import accept, baseline_of
from migrations_lint.engine import lint
from migrations_lint.model import Report
from migrations_lint.reporters import reporters
from tests.migrations_lint.scripts import migration
from tests.pages import ROOT

GITLAB = json.loads((ROOT / "tests/schemas/gitlab.schema.json").read_text())

UPS = st.lists(
    st.sampled_from(
        [
            "CREATE INDEX i ON orders (id);",
            "CREATE INDEX i ON orders (id);\nCREATE INDEX i ON orders (id);",
            "-- gatekeeper: allow index-build-blocks-writes because it is small\nCREATE INDEX i ON orders (id);",
            "-- gatekeeper: allow effect-unknown",
            "CREATE TABEL x;",
            'ALTER TABLE "a<b>&\'\x01" ADD COLUMN "\x1b]" int NOT NULL;',
            "SELECT 1;",
            "",
        ]
    ),
    max_size=4,
)


def report(ups: list[str]) -> Report:
    return lint([migration(up, name=f"{number:04}_ü") for number, up in enumerate(ups)])


@given(UPS)
def test_the_code_quality_report_fits_its_schema_and_no_fingerprint_stands_twice(ups: list[str]) -> None:
    found = report(ups)

    entries = json.loads(reporters()["gitlab"].render(found, tool="gatekeeper 0"))

    jsonschema.validate(entries, GITLAB)
    assert len(entries) == len(found.standing()) + len(found.problems)
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)


@given(UPS)
def test_the_junit_report_is_well_formed_and_its_counts_are_those_of_its_cases(ups: list[str]) -> None:
    found = report(ups)

    root = ElementTree.fromstring(reporters()["junit"].render(found, tool="gatekeeper 0"))

    suites = root.findall("testsuite")
    assert len(suites) == len(found.migrations)
    for suite in suites:
        for count, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(count) == str(len(suite.findall(f"testcase/{element}")))
        assert suite.get("tests") == str(len(suite.findall("testcase")))
    loud = [f for f in found.standing() if f.severity.value != "note"]
    assert root.get("failures") == str(len(loud))
    assert root.get("errors") == str(len(found.problems))


@given(UPS)
def test_what_a_baseline_has_seen_is_accepted_and_nothing_else(ups: list[str]) -> None:
    found = report(ups)
    known = found.standing()[::2]

    accepted = accept(found, baseline_of(known), Path("known.json"))

    assert sum(f.baseline for f in accepted.findings) == len(known)
    assert [replace(f, baseline=False) for f in accepted.findings] == list(found.findings)


def test_a_statement_is_shown_once_above_all_that_is_said_of_it() -> None:
    up = "CREATE TABLE t (id int);\nALTER TABLE orders\n  ADD COLUMN a serial,\n  ADD COLUMN b int NOT NULL;"

    text = reporters()["text"].render(report([up]), tool="gatekeeper 0")

    assert text.count("    2 | ALTER TABLE orders\n    3 |   ADD COLUMN a serial,\n") == 1
    assert text.count(":2:1: ") > 1


def test_a_long_statement_is_cut_and_says_how_much_is_left() -> None:
    columns = ",\n".join(f"  ADD COLUMN c{number} int" for number in range(20))

    text = reporters()["text"].render(report([f"ALTER TABLE orders\n{columns};"]), tool="gatekeeper 0")

    assert "    3 |   ADD COLUMN c1 int,\n      | … 18 more lines\n" in text


def test_the_way_up_is_told_before_the_way_down() -> None:
    both = lint([migration("CREATE INDEX i ON orders (id);", down="DROP INDEX i;", name="2")])

    text = reporters()["text"].render(both, tool="gatekeeper 0")

    assert text.index("2.sql:1:1") < text.index("2.down.sql:1:1")


def test_what_cannot_be_read_for_one_reason_in_one_file_is_told_once() -> None:
    template = "CREATE TABLE {{ .Schema }}.a ();\n"

    found = report(["CREATE TABEL x;", template + "SELECT 1;\n" + template])

    told = reporters()["text"].render(found, tool="gatekeeper 0")

    assert '0001_ü.sql:1: not read: syntax error at or near "{"\n    The same at line 3.\n' in told
    assert told.count("does not stand in the file") == 1
    assert told.count("correct it") == 1
