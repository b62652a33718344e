"""The history of the store's own tables, run without a settings file by `gatekeeper.store.schema`."""
