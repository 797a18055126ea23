"""The font of PDF files. It must have Chinese letters, and it is put into the file: a reader's computer may
have none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from acd.errors import OperatorError


class FontFile(NamedTuple):
    """`number`: which font of a collection."""

    path: Path
    number: int = 0


_FOLDER = Path("/usr/share/fonts")
FONTS = (
    FontFile(_FOLDER / "truetype/wqy/wqy-microhei.ttc"),
    FontFile(_FOLDER / "truetype/droid/DroidSansFallbackFull.ttf"),
    FontFile(_FOLDER / "truetype/wqy/wqy-zenhei.ttc"),
    FontFile(_FOLDER / "opentype/noto/NotoSansCJK-Regular.ttc", 2),
)
"""Where Debian's packages put them, the small and quick ones first."""


def find_font(among: Sequence[FontFile] = FONTS) -> FontFile:
    """The first that is installed. Raises OperatorError where none is."""
    for font in among:
        if font.path.is_file():
            return font
    raise OperatorError(
        "PDF files need a font with Chinese letters, and none is installed:"
        " apt-get install fonts-wqy-microhei (xlsx, csv and json need none)"
    )
