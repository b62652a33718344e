"""Who wrote it does not approve it, and in a freeze nothing goes out but what goes back."""

import subprocess
from datetime import UTC, datetime, timedelta

from tests.acceptance.conftest import Project
from tests.acceptance.test_release import start_and_approve
from tests.acceptance.test_release_commands import waiting


def git(project: Project, *words: str) -> None:
    author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    subprocess.run(["git", *author, *words], cwd=project.folder, check=True, capture_output=True)


def freeze(project: Project, begins: datetime, hours: int) -> None:
    settings = project.folder / "gatekeeper.toml"
    cron = f"{begins.minute} {begins.hour} {begins.day} {begins.month} *"
    written = f'\n[[gate.freeze]]\nname = "holidays"\nbegins = "{cron}"\nlasts = "{hours}h"\n'
    settings.write_text(settings.read_text() + written)


def test_who_wrote_the_release_does_not_approve_it_under_another_name_either(project: Project) -> None:
    git(project, "init", "--quiet")
    git(project, "add", "gatekeeper.toml", "migrations")
    git(project, "commit", "--quiet", "--message", "Orders")
    settings = project.folder / "gatekeeper.toml"
    settings.write_text(settings.read_text() + '\n[gate]\naliases = { "ada@example.com" = ["ada-at-work"] }\n')
    release = waiting(project, "v2")

    refused = project.run("gate", "approve", release, "--as", "ada-at-work", "--role", "release-manager")

    assert refused.returncode == 2
    assert "wrote a commit of this release" in refused.stderr
    approved = project.run("gate", "approve", release, "--as", "grace@example.com", "--role", "release-manager")
    assert approved.returncode == 0, approved.stderr
    assert project.run("release", "resume", release).returncode == 0


def test_an_approved_release_waits_for_the_end_of_a_freeze(project: Project) -> None:
    freeze(project, datetime.now(UTC) - timedelta(hours=1), hours=5)
    release = start_and_approve(project, "v2")

    held = project.run("release", "resume", release)

    assert held.returncode == 5, held.stdout + held.stderr
    assert "frozen (holidays) until" in project.status()["steps"][-1]["summary"]
    assert (project.serving, "orders" in project.tables()) == ("v1", False)


def test_a_way_back_is_never_frozen(project: Project) -> None:
    release = start_and_approve(project, "v2")
    assert project.run("release", "resume", release).returncode == 0
    freeze(project, datetime.now(UTC) - timedelta(hours=1), hours=5)

    back = project.run("release", "rollback", release)

    assert back.returncode == 1, back.stdout + back.stderr
    assert project.serving == "v1"


def test_one_named_person_gets_past_people_and_freezes_and_the_next_release_waits_for_a_review(
    project: Project,
) -> None:
    with (project.folder / "gatekeeper.toml").open("a") as settings:
        settings.write(
            '[gate]\nbreak_glass = ["oncall@example.com"]\n'
            '[[gate.freeze]]\nname = "always"\nbegins = "* * * * *"\nlasts = "1h"\n'
        )
    first = project.run("release", "start", "--version", "v2")
    assert first.returncode == 5, first.stdout + first.stderr
    release = str(project.status()["id"])
    words = ("gate", "break-glass", release, "--ticket", "INC-7", "--reason", "logins fail", "--as")

    refused = project.run(*words, "eve@example.com")
    broken = project.run(*words, "oncall@example.com")
    resumed = project.run("release", "resume", release)

    assert (refused.returncode, broken.returncode, resumed.returncode) == (2, 0, 0), resumed.stderr
    assert "eve@example.com is not among those who may: oncall@example.com" in refused.stderr
    assert any("BREAK-GLASS by" in step["summary"] for step in project.status()["steps"])
    text = (project.folder / "gatekeeper.toml").read_text().replace('begins = "* * * * *"', 'begins = "0 0 1 1 *"')
    (project.folder / "gatekeeper.toml").write_text(text)

    following = start_and_approve(project, "v3")
    waits = project.run("release", "resume", following)
    own = project.run("gate", "review", release, "--reason", "fine", "--as", "oncall@example.com")
    reviewed = project.run("gate", "review", release, "--reason", "fine", "--as", "manager@example.com")

    assert (waits.returncode, own.returncode, reviewed.returncode) == (5, 2, 0), waits.stdout + reviewed.stderr
    assert f"gate review {release}" in waits.stdout
    assert "somebody else reviews it" in own.stderr
    assert project.run("release", "resume", following).returncode == 0
    assert project.serving == "v3"


def test_where_keys_are_named_only_a_signed_approval_counts(project: Project) -> None:
    line = project.run("gate", "key", "manager.pem").stdout.strip()
    with (project.folder / "gatekeeper.toml").open("a") as settings:
        settings.write(f'[gate]\nkeys = {{ "manager@example.com" = ["{line}"] }}\n')
    release = waiting(project, "v2")
    words = ("gate", "approve", release, "--as", "manager@example.com")

    unsigned = project.run(*words)
    signed = project.run(*words, "--key", "manager.pem")

    assert (unsigned.returncode, signed.returncode) == (2, 0), signed.stderr
    assert "not signed with a key of manager@example.com" in unsigned.stderr
    assert project.run("release", "resume", release).returncode == 0
    assert project.serving == "v2"
