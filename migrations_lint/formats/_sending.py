"""What formats share that send a file's statements in the same way, and so take timeouts in the same places."""

from migrations_lint.model import Edit, Fragment, Migration
from migrations_lint.timeouts import Timeouts, in_one_string, statement_by_statement


class SendsOneString:
    """Each script is sent to the server as one string."""

    def with_timeout(self, migration: Migration, timeouts: Timeouts) -> tuple[Edit, ...]:
        """SET LOCAL as the first statement of the string; a lone concurrent build is left alone."""
        return tuple(edit for _, script in migration.scripts() for edit in in_one_string(script, timeouts))


class OpensNoTransaction(SendsOneString):
    """The transaction of a string with several statements is PostgreSQL's own."""

    def outside_transaction(self, migration: Migration, fragment: Fragment) -> tuple[Edit, ...] | None:
        """A lone statement runs outside; there is no word that keeps several out of the string's transaction."""
        return None if fragment.in_transaction else ()


class SendsStatements:
    """One statement is sent after the other."""

    def with_timeout(self, migration: Migration, timeouts: Timeouts) -> tuple[Edit, ...]:
        """SET LOCAL as the first statement; SET and RESET around what runs outside a transaction."""
        return tuple(edit for _, script in migration.scripts() for edit in statement_by_statement(script, timeouts))
