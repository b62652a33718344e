"""How goose cuts a file into the strings that it sends."""
