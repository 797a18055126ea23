"""What holds for all tests.

Hypothesis tries the same examples each time, so that a change is judged by the change alone; the long run
(`script/test --all`) draws new ones.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("exploring", deadline=None, print_blob=True)
settings.load_profile("exploring" if os.environ.get("ACD_TEST_ALL") else "steady")
