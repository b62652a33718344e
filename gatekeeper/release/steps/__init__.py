"""One step of a release a file, each with its `observe()` for after a crash."""
