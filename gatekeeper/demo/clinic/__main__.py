"""`python -m gatekeeper.demo.clinic`: migrate a database, seed it, and serve a release on loopback."""

from datetime import timedelta

import click
import psycopg

from gatekeeper.demo.clinic.releases import RELEASES

_database_url = click.option(
    "--database-url",
    envvar="CLINIC_DATABASE_URL",
    required=True,
    help="Where the clinic's data are (CLINIC_DATABASE_URL).",
)


@click.group()
def clinic() -> None:
    """A small web application for several clinics, in good and in bad releases."""


@clinic.command()
@_database_url
@click.option("--revision", default="head", help="How far to go [head].")
def migrate(database_url: str, revision: str) -> None:
    """Bring an unused database to the schema that the clinic needs."""
    from gatekeeper.demo.clinic.schema import upgrade

    upgrade(database_url, revision)


@clinic.command()
@_database_url
def seed(database_url: str) -> None:
    """Add two clinics, a login each, and invented patients."""
    from gatekeeper.demo.clinic.seed import LOGINS
    from gatekeeper.demo.clinic.seed import seed as add_rows

    with psycopg.connect(database_url) as connection:
        add_rows(connection)
    for login in LOGINS:
        click.echo(f"{login.clinic_name}: clinic {login.clinic}, email {login.email}, password {login.password}")


@clinic.command()
@_database_url
@click.option("--release", required=True, type=click.Choice(sorted(RELEASES)), help="Which release to serve.")
@click.option("--port", required=True, type=click.IntRange(0, 65535), help="The port on 127.0.0.1.")
@click.option("--pool-size", default=5, type=click.IntRange(1, 100), help="Database connections at most [5].")
@click.option("--session-seconds", default=900, type=click.IntRange(1), help="How long an access token is good [900].")
@click.option("--build", default="development", help="The build's name, told by /api/ready.")
@click.option(
    "--intake-secret", envvar="CLINIC_INTAKE_SECRET", default="intake-demo-secret", help="Signs intake submissions."
)
@click.option("--cron-secret", envvar="CLINIC_CRON_SECRET", default="cron-demo-secret", help="Known to the scheduler.")
@click.option("--faults", is_flag=True, help="Let whoever reaches /api/faults break it: for tests and rehearsals.")
def serve(
    database_url: str,
    release: str,
    port: int,
    pool_size: int,
    session_seconds: int,
    build: str,
    intake_secret: str,
    cron_secret: str,
    faults: bool,
) -> None:
    """Serve one release on 127.0.0.1 until told to stop."""
    import uvicorn

    from gatekeeper.demo.clinic.app import make_app
    from gatekeeper.demo.clinic.database import Database
    from gatekeeper.demo.clinic.logs import log, log_to_stdout
    from gatekeeper.demo.clinic.wiring import Wiring

    log_to_stdout()
    log("start", version=release, port=port)
    wiring = Wiring(
        built=RELEASES[release],
        database=Database(database_url, application=f"clinic-{release}", size=pool_size),
        build=build,
        access_lifetime=timedelta(seconds=session_seconds),
        intake_secret=intake_secret,
        cron_secret=cron_secret,
    )
    uvicorn.run(
        make_app(wiring, with_faults=faults),
        host="127.0.0.1",
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    clinic(prog_name="python -m gatekeeper.demo.clinic")
