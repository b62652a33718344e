"""Every tool's sessions get our name and our timeouts, the way its driver reads; nothing else of a URL changes."""

from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.apply.tool_environment import SessionWish, leads_to, tool_start, url_to, with_options
from gatekeeper.apply.tools import tool_of

WISH = SessionWish("gatekeeper exec 1", {"lock_timeout": "500ms", "statement_timeout": "5s"})
OPTIONS = "-c lock_timeout=500ms -c statement_timeout=5s"
TARGET = {"host": "db.example.com", "port": "5433", "user": "ada", "password": "p@ss/word", "dbname": "shop"}
URL = "postgresql://ada:p%40ss%2Fword@db.example.com:5433/shop"
WORDS = st.text(min_size=1, max_size=12).filter(str.isprintable)


@pytest.mark.parametrize(
    ("command", "tool", "again"),
    [
        ("alembic upgrade head", "alembic", True),
        ("python -m alembic upgrade head", "alembic", True),
        ("npx prisma migrate deploy", "prisma", False),
        ("migrate -database URL up", "golang-migrate", False),
        ("python manage.py migrate", "django", True),
        ("./node_modules/.bin/node-pg-migrate up", "node-pg-migrate", True),
        ("make migrate", "make", False),
    ],
)
def test_a_tool_is_known_behind_what_starts_it(command: str, tool: str, again: bool) -> None:
    found = tool_of(command.split())

    assert (found.name, found.may_run_again) == (tool, again)


def test_a_libpq_tool_gets_its_settings_and_its_database_by_variables_and_keeps_what_the_user_set() -> None:
    start = tool_start(["alembic", "upgrade", "head"], tool_of(["alembic"]), TARGET, {"PGOPTIONS": "-c jit=off"}, WISH)

    assert start.environment["PGOPTIONS"] == f"-c jit=off {OPTIONS}"
    assert start.environment["PGAPPNAME"] == "gatekeeper exec 1"
    assert start.environment["PGHOST"] == "db.example.com"
    assert start.environment["PGPASSWORD"] == "p@ss/word"
    assert "DATABASE_URL" not in start.environment


def test_a_tool_that_takes_a_url_gets_the_target_whatever_its_variable_said() -> None:
    start = tool_start(
        ["npx", "prisma"], tool_of(["prisma"]), TARGET, {"DATABASE_URL": "postgresql://pooler/shop"}, WISH
    )

    parts = urlsplit(start.environment["DATABASE_URL"])
    assert (parts.hostname, parts.port, parts.path) == ("db.example.com", 5433, "/shop")
    assert parse_qs(parts.query) == {"options": [OPTIONS], "application_name": ["gatekeeper exec 1"]}


def test_a_url_of_the_target_keeps_its_spelling_in_any_variable_and_among_the_words() -> None:
    given_url = URL + "?schema=sales"
    words = ["mytool", "--url=" + given_url, "other"]

    start = tool_start(words, tool_of(words), TARGET, {"DIRECT_URL": given_url, "CACHE_URL": "redis://db/0"}, WISH)

    expected = f"{given_url}&options={quote(OPTIONS)}&application_name=gatekeeper%20exec%201"
    assert start.environment["DIRECT_URL"] == expected
    assert start.words == ("mytool", "--url=" + expected, "other")
    assert "CACHE_URL" not in start.environment
    assert start.secrets == {"p@ss/word"}


def test_jdbc_has_its_own_words_for_it() -> None:
    start = tool_start(["flyway", "migrate"], tool_of(["flyway"]), TARGET, {}, WISH)

    url = start.environment["FLYWAY_URL"]
    assert url.startswith("jdbc:postgresql://db.example.com:5433/shop?")
    query = parse_qs(urlsplit(url.removeprefix("jdbc:")).query)
    assert query["options"] == [OPTIONS]
    assert query["ApplicationName"] == ["gatekeeper exec 1"]
    assert query["password"] == ["p@ss/word"]


@pytest.mark.parametrize("url", ["", "shop", "mysql://db.example.com:5433/shop", "postgresql://[::1/shop", URL + "2"])
def test_what_leads_elsewhere_is_left_alone(url: str) -> None:
    assert not leads_to(url, TARGET)


@given(user=WORDS, password=WORDS, name=WORDS, host=st.sampled_from(["db", "10.0.0.1", "::1", "/var/run/postgresql"]))
def test_a_target_comes_back_from_its_url(user: str, password: str, name: str, host: str) -> None:
    target = {"host": host, "port": "5444", "user": user, "password": password, "dbname": name}

    url = with_options(url_to(target, tool_of(["dbmate"])), WISH)

    assert leads_to(url, target)
    parts = urlsplit(url)
    assert (unquote(parts.username or ""), unquote(parts.password or "")) == (user, password)
    assert parse_qs(parts.query)["options"] == [OPTIONS]


def test_options_of_the_users_own_stay_before_ours() -> None:
    url = with_options("postgres:///shop?host=/run&options=-c%20jit%3Doff&application_name=x", WISH)

    assert (
        url
        == f"postgres:///shop?host=/run&options={quote('-c jit=off ' + OPTIONS)}&application_name=gatekeeper%20exec%201"
    )
