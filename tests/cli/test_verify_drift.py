"""`gatekeeper verify --drift` and `--models` as a user calls them."""

import json
from pathlib import Path

import jsonschema
import psycopg
import pytest

from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from tests.conftest import url_of
from tests.gatekeeper.commands import gatekeeper

SCHEMA = json.loads((Path(__file__).parent.parent / "schemas" / "drift.schema.json").read_text())
UPS = {
    "0001_patients": "CREATE TYPE sex AS ENUM ('f', 'm', 'x');\n"
    "CREATE TABLE patients (id serial PRIMARY KEY, name varchar(80) NOT NULL, sex sex, "
    "notes text NOT NULL DEFAULT '');",
    "0002_name": "CREATE INDEX ix_patients_name ON patients (name);\nCREATE VIEW named AS SELECT name FROM patients;",
}
MODELS = """
from sqlalchemy import Enum, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

print("an application may talk while it is imported")


class Base(DeclarativeBase):
    pass


class Patient(Base):
    __tablename__ = "patients"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), index=True)
    sex: Mapped[str | None] = mapped_column(Enum("f", "m", "x", name="sex"))
    notes: Mapped[str] = mapped_column(Text, default="")
"""
PRISMA = """
enum sex {
  f
  m
  x
}
model Patient {
  id    Int      @id @default(autoincrement())
  name  String   @db.VarChar(80) // as on the card
  sex   sex?
  notes String   @default("")
  @@map("patients")
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "migrations").mkdir()
    for name, up in UPS.items():
        (tmp_path / "migrations" / f"{name}.up.sql").write_text(f"{up}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_somebody_did_by_hand_is_exit_code_1_and_told_in_sql_words(
    folder: Path, server: StagingServer, scratch_databases: Scratch
) -> None:
    live = url_of(server, scratch_databases.create())
    words = ("verify", "--drift", live, "--staging", server.url, "--quiet")
    with psycopg.connect(live) as session:
        session.execute("CREATE TABLE schema_migrations (version bigint, dirty boolean)")
        session.execute("INSERT INTO schema_migrations VALUES (1, false)")
        session.execute(UPS["0001_patients"].encode())
    clean = gatekeeper(*words, "--format", "json")
    with psycopg.connect(live) as session:
        session.execute("ALTER TABLE patients ADD COLUMN mood text")
    drifted = gatekeeper(*words)

    jsonschema.validate(json.loads(clean.out), SCHEMA)
    assert (clean.exit_code, drifted.exit_code) == (0, 1)
    assert json.loads(clean.out)["drift"][0]["bookkeeping"]["pending"] == ["0002"]
    assert "against the history up to 0001 (public.schema_migrations): 1 difference" in drifted.out
    assert "    + column public.patients.mood (only in the database, breaking)" in drifted.out


def test_models_are_imported_in_their_own_process_and_compared_with_what_the_history_builds(
    folder: Path, server: StagingServer
) -> None:
    (folder / "clinic.py").write_text(MODELS)
    (folder / "gatekeeper.toml").write_text('[verify]\nmodels = "clinic:Base.metadata"\n')
    words = ("verify", "--models", "--staging", server.url, "--quiet")
    same = gatekeeper(*words)
    (folder / "clinic.py").write_text(MODELS.replace("String(80), index=True", "String(90), unique=True"))
    other = gatekeeper(*words)
    (folder / "clinic.py").write_text("import nothing_of_that_name\n")
    broken = gatekeeper(*words)

    assert (same.exit_code, other.exit_code, broken.exit_code) == (0, 1, 2)
    assert "no difference" in same.out
    assert "the history has character varying(80) NOT NULL, the models character varying(90) NOT NULL" in other.out
    assert "- index ix_patients_name on public.patients (missing in the models" in other.out
    assert "+ constraint patients_name_key on public.patients (only in the models" in other.out
    assert "No module named 'nothing_of_that_name'" in broken.err


def test_a_prisma_schema_beside_its_history_is_found_and_compared(folder: Path, server: StagingServer) -> None:
    for name, up in UPS.items():
        (folder / "migrations" / f"{name}.up.sql").unlink()
        (folder / "migrations" / name).mkdir()
        (folder / "migrations" / name / "migration.sql").write_text(f"{up}\n")
    (folder / "schema.prisma").write_text(PRISMA)
    words = ("verify", "--models", "--staging", server.url, "--quiet")
    same = gatekeeper(*words)
    other = PRISMA.replace("@db.VarChar(80)", "").replace('  notes String   @default("")', "  mood Int?")
    (folder / "schema.prisma").write_text(other)
    drifted = gatekeeper(*words)

    assert (same.exit_code, drifted.exit_code) == (0, 1)
    assert "    - column public.patients.notes (missing in the Prisma schema, breaking)" in drifted.out
    assert "    + column public.patients.mood (only in the Prisma schema, breaking)" in drifted.out
    assert "the history has character varying(80) NOT NULL, the Prisma schema text NOT NULL" in drifted.out
    assert "indexes, keys and defaults are not compared" in drifted.out
