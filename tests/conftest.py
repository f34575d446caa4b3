"""What holds for every test."""

import os

from hypothesis import settings

# A gate that fails now and then teaches people to try again: there, the same examples come each time.
settings.register_profile("gate", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("gate")
