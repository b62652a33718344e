"""Looks at everything a team has to set up, changes nothing, and says what is missing and how to mend it."""
