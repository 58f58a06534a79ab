"""Its presence puts tests/ on the path, so that every test can import `simulator` and `newsroom`.

Properties are drawn the same way on every run, so that a failure belongs to a change and not to chance; `make fuzz`
draws anew, and more (FUZZ=1), and keeps what it finds. They have no time limit of their own: on a busy machine that
would be a test of the machine.
"""

import os

from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.register_profile("fuzz", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile("fuzz" if os.environ.get("FUZZ") else "steady")
