"""Folders into which Asterisk must come, too, which may run as another user.

Our umask leaves nothing to others, for passwords' and records' sake; so these get their mode by name.
"""

from __future__ import annotations

import stat
from pathlib import Path

READ_BY_ALL = 0o755
WRITTEN_BY_GROUP = 0o770


def make_shared_folder(top: Path, mode: int, inside: str | Path = "") -> Path:
    """Make the folder `inside` of `top`; it, `top` and those between are made with exactly this mode.

    One that is there keeps the mode that somebody gave it; what `top` is in is nobody else's matter.
    Raises OSError.
    """
    top.parent.mkdir(parents=True, exist_ok=True)
    folder = top / inside
    missing = [each for each in (folder, *folder.parents) if each.is_relative_to(top) and not each.is_dir()]
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        inherited = each.stat().st_mode & stat.S_ISGID  # all below belongs to the group of the folder above
        each.chmod(mode | inherited)
    return folder
