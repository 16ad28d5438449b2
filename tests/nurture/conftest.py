"""Property tests on shared machines: no deadline per example, the same examples each run."""

from hypothesis import settings

settings.register_profile("nurture", deadline=None, derandomize=True)
settings.load_profile("nurture")
