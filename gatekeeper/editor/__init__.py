"""The linter in an editor: what it finds while a migration is written. The only room that knows the language server."""
