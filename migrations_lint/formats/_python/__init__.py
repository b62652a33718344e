"""What formats share whose migrations are Python: places in a file, and modules that are not there."""
