"""Where this machine keeps a Chromium: named in the environment, Playwright's own build, or the system's."""

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from smoke.errors import BrowserMissing

VARIABLE = "GATEKEEPER_CHROMIUM"
_ON_THE_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_BUILDS = (
    "chromium_headless_shell-*/*/*headless[-_]shell*",
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium-*/chrome-win*/chrome.exe",
)


def executable(environment: Mapping[str, str]) -> Path:
    """The Chromium to start; raises BrowserMissing, which says where we looked."""
    named = environment.get(VARIABLE)
    if named:
        found = shutil.which(named, path=environment.get("PATH"))
        if found is None:
            raise BrowserMissing([f"{named} (from {VARIABLE}), which is not a program"])
        return Path(found)
    builds = sorted(_playwright_builds(environment), key=_revision, reverse=True)
    if builds:
        return builds[0]
    for name in _ON_THE_PATH:
        if found := shutil.which(name, path=environment.get("PATH")):
            return Path(found)
    raise BrowserMissing([VARIABLE, str(_playwright_folder(environment)), f"{', '.join(_ON_THE_PATH)} on the PATH"])


def _playwright_builds(environment: Mapping[str, str]) -> Iterator[Path]:
    folder = _playwright_folder(environment)
    for pattern in _BUILDS:
        for path in folder.glob(pattern):
            if path.is_file() and os.access(path, os.X_OK):
                yield path


def _playwright_folder(environment: Mapping[str, str]) -> Path:
    if named := environment.get("PLAYWRIGHT_BROWSERS_PATH"):
        return Path(named)
    home = Path(environment.get("HOME") or Path.home())
    if sys.platform == "darwin":
        return home / "Library/Caches/ms-playwright"
    if sys.platform == "win32":
        return home / "AppData/Local/ms-playwright"
    return Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / "ms-playwright"


def _revision(path: Path) -> int:
    numbers = [int(match) for part in path.parts for match in re.findall(r"^chromium\w*-(\d+)$", part)]
    return max(numbers, default=0)
