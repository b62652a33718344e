"""Kinds of input that several routes take."""

from typing import Annotated

from pydantic import StringConstraints

# PostgreSQL has no NUL in text, so one is refused here and never reaches it.
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
