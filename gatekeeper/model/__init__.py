"""The values that the rooms of the gatekeeper hand to one another. All frozen; none of them does anything."""
