"""Deploy-pipeline gatekeeper: lints and proves migrations, releases, and rolls back by itself."""

from importlib.metadata import version

__version__ = version("gatekeeper")
