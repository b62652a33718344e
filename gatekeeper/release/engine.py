"""Durable execution: the only file that knows the library which remembers how far a workflow has come.

A release runs in legs: one from its start to its end or to a gate, another from each `resume`. A leg whose
process was killed is recovered by the next process; our own journal knows which steps are settled.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID, StepOptions
from sqlalchemy import make_url

from gatekeeper.release.journal import Durably

WORKFLOW_VERSION = "gatekeeper-release-4"
"""Raised whenever steps are added, removed or reordered: an older leg is then ended and begun anew."""

_SCHEMA = "gatekeeper_workflow"
_UNFINISHED = frozenset({"PENDING", "ENQUEUED", "DELAYED"})

Follow = Callable[[str, Durably], dict[str, Any]]
"""Follows the course of that name, step by step."""

_runbooks: dict[str, Follow] = {}


@DBOS.workflow(name="release")
def _leg(release_id: str, course: str) -> dict[str, Any]:
    return _runbooks[release_id](course, _durably)


def _durably(name: str, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = DBOS.run_step(StepOptions(name=name), act)
    return result


def run_leg(release_id: str, course: str, follow: Follow, *, place: str, store_url: str) -> dict[str, Any]:
    """Go on with a release: recover its unfinished leg on the course that it had, or begin the next leg on `course`.

    Returns what `follow` returns.
    """
    url = workflow_url(store_url)
    _runbooks[release_id] = follow
    DBOS(config=_config(url, place))
    try:
        DBOS.launch()
        return _result(release_id, course)
    finally:
        DBOS.destroy(workflow_completion_timeout_sec=0)
        del _runbooks[release_id]


def forget(release_id: str, *, store_url: str) -> None:
    """End an unfinished leg for good, so that no later process recovers it."""
    client = DBOSClient(
        system_database_url=workflow_url(store_url),
        dbos_system_schema=_SCHEMA,
        serializer=DBOSPortableJSONSerializer(),
    )
    try:
        for leg in client.list_workflows(workflow_id_prefix=f"{release_id}/"):
            if leg.status in _UNFINISHED:
                client.cancel_workflow(leg.workflow_id)
    finally:
        client.destroy()


def workflow_url(store_url: str) -> str:
    """A file of its own beside our SQLite file (the library wants another journal mode), or the same PostgreSQL."""
    url = make_url(store_url)
    if url.drivername != "sqlite":
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    assert url.database
    return f"sqlite:///{Path(url.database).with_suffix('.workflow.sqlite')}"


def _config(url: str, place: str) -> DBOSConfig:
    return DBOSConfig(
        name="gatekeeper",
        system_database_url=url,
        dbos_system_schema=_SCHEMA,
        executor_id=place,
        application_version=WORKFLOW_VERSION,
        serializer=DBOSPortableJSONSerializer(),  # the default pickles, which runs whatever the database holds
        enable_otlp=False,
        log_level="CRITICAL",
        console_log_level="CRITICAL",
    )


def _result(release_id: str, course: str) -> dict[str, Any]:
    legs = DBOS.list_workflows(workflow_id_prefix=f"{release_id}/", load_input=False, load_output=False)
    open_legs = [leg for leg in legs if leg.status in _UNFINISHED]
    for leg in [leg for leg in open_legs if leg.app_version != WORKFLOW_VERSION]:
        DBOS.cancel_workflow(leg.workflow_id)
        open_legs.remove(leg)
    if open_legs:
        recovered: dict[str, Any] = DBOS.retrieve_workflow(open_legs[0].workflow_id).get_result()
        return recovered
    with SetWorkflowID(f"{release_id}/{len(legs) + 1}"):
        return DBOS.start_workflow(_leg, release_id, course).get_result()
