"""The table of locks in the docs is made from the forms and the facts, and is what they say today."""

from tests.migrations_lint import lock_table


def test_the_page_says_what_the_facts_say() -> None:
    assert lock_table.PAGE.read_text(encoding="utf-8") == lock_table.page(), (
        "write it anew: python -m tests.migrations_lint.lock_table"
    )


def test_a_row_tells_older_versions_apart() -> None:
    by_sql = {row.form.sql: row for row in lock_table.rows()}

    detach = by_sql["ALTER TABLE ev DETACH PARTITION ev1"]
    assert detach.now == "ev ACCESS EXCLUSIVE; ev1 ACCESS EXCLUSIVE; evd ACCESS EXCLUSIVE"
    assert [(span[0], span[-1], text) for span, text in detach.before] == [
        (12, 13, "ev ACCESS EXCLUSIVE; evd ACCESS EXCLUSIVE; ev1 SHARE UPDATE EXCLUSIVE")
    ]


def test_at_least_two_hundred_forms_stand_beside_the_pages() -> None:
    assert len(list(lock_table.rows())) > 600
