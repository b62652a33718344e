"""Pure decisions: no clock, no input, no output. Every one can be replayed from its arguments."""
