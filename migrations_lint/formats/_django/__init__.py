"""How Django migrations become SQL: their order read from the files, their operations written by Django itself."""
