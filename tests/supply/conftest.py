"""The lists of packages take ten seconds to be made: they are for the long run."""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("ACD_TEST_ALL") else ["test_sbom.py"]
