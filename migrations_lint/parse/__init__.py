"""The only room that knows the SQL parser.

`parse` turns a fragment into statements with their places, its comments, and the syntax errors that it could not
get past; one bad statement does not hide the others.
"""

from migrations_lint.parse.libpg import Comment, Parsed, Token, parse, quoted, sql_of, text_of, tokens

__all__ = ["Comment", "Parsed", "Token", "parse", "quoted", "sql_of", "text_of", "tokens"]
