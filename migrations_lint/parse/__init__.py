"""The only room that knows the SQL parser.

`parse` turns a fragment into statements with their places, and the syntax errors that it could not get past; one bad
statement does not hide the others.
"""

from migrations_lint.parse.libpg import Parsed, Token, parse, quoted, sql_of, text_of, tokens

__all__ = ["Parsed", "Token", "parse", "quoted", "sql_of", "text_of", "tokens"]
