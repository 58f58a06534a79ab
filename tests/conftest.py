"""Its presence puts tests/ on the path, so that every test can import `simulator` and `newsroom`.

Properties have no time limit of their own: on a busy machine that would be a test of the machine.
"""

from hypothesis import settings

settings.register_profile("archiver", deadline=None)
settings.load_profile("archiver")
