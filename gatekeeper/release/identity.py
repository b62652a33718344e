"""Who sits at the keyboard: what git calls them, else the name of their account."""

import getpass

from git import GitConfigParser
from git.config import get_config_path


def who_am_i() -> str:
    """The e-mail address that git signs with, else its user name, else the account's name."""
    with GitConfigParser([get_config_path("user"), get_config_path("global")], read_only=True) as settings:
        for option in ("email", "name"):
            if found := settings.get_value("user", option, default=""):
                return str(found)
    return getpass.getuser()
