"""Which files of the configuration folder are the centre's configuration: decided here and nowhere else.

What programs beside the centre need may stand in the same folder: dashboards, a balancer's settings, an
operator's own notes. It is theirs. It is in no version and in no back-up, and need not be readable for us.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

CONFIG_FILES = ("system.yml", "agents.yml", "groups.yml", "numbers.yml", "trunks.yml", "dialing.yml")
CALENDARS_FILE = "calendars.yml"  # may be missing
CUSTOMER_SETTINGS_FILE = "customers.yml"  # may be missing
REPORTS_FILE = "reports.yml"  # may be missing
RETENTION_FILE = "retention.yml"  # may be missing
CUSTOMERS_FILE = "customers.csv"
DO_NOT_CALL_FILE = "do_not_call.csv"  # may be missing

YAML_FILES = (*CONFIG_FILES, CALENDARS_FILE, CUSTOMER_SETTINGS_FILE, REPORTS_FILE, RETENTION_FILE)
"""All that are looked for as YAML."""
_LISTS = (CUSTOMERS_FILE, DO_NOT_CALL_FILE)


def is_misspelt(name: str) -> bool:
    """Whether it looks like a file of the configuration and is none."""
    return Path(name).suffix in (".yml", ".yaml") and name not in YAML_FILES


def is_configuration(name: str) -> bool:
    """Whether a file of this name, at the top of the folder, is the centre's. Misspelt ones are: a reload is
    to refuse them, as `acd check` does."""
    return not name.startswith(".") and (name in YAML_FILES or name in _LISTS or is_misspelt(name))


def config_files(folder: Path) -> Iterator[Path]:
    """The centre's own files in the folder, in a fixed order. Raises OSError where it cannot be listed.

    What is below it in folders of its own is somebody else's.
    """
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if is_configuration(path.name) and path.is_file():
            yield path
