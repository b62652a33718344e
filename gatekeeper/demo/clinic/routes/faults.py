"""Faults, switched while the clinic runs. Only there where `serve --faults` has asked for it."""

from fastapi import APIRouter

from gatekeeper.demo.clinic.faults import Fault
from gatekeeper.demo.clinic.wiring import Wired

router = APIRouter(prefix="/api/faults", include_in_schema=False)


@router.put("/{fault}", status_code=204)
def switch_on(wiring: Wired, fault: Fault) -> None:
    """Break it."""
    wiring.switches.on.add(fault)


@router.delete("/{fault}", status_code=204)
def switch_off(wiring: Wired, fault: Fault) -> None:
    """Mend it."""
    wiring.switches.on.discard(fault)
