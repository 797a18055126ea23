"""The centre's time zone, for those who only tell times: of all the configuration, one file is read."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from acd.errors import SettingsError
from acd.settings.document import read_document
from acd.settings.schema.system import SystemFile
from acd.settings.validate import validate


def timezone_of(config_dir: Path) -> ZoneInfo:
    """The zone that system.yml names. Raises SettingsError with the mistakes of that file."""
    document = read_document(config_dir / "system.yml")
    content = validate(document, SystemFile)
    if content is None or document.has_errors:
        raise SettingsError([str(problem) for problem in document.problems])
    return ZoneInfo(content.system.timezone)
