"""Web pages for release managers. Filled by a later version."""
