"""A bound on the work that one object or one answer may cause, counted in steps.

Seconds would depend on the machine and on what else runs on it; steps are the same everywhere, so a test can hold them.
"""

from typing import Final

STEPS_PER_PASS: Final = 200_000
"""Steps that reading one spec, rule or answer may take. About 100 ms of Python on a slow core: far below what would
delay the renewal of the Lease, and far above what real objects need (a large spec takes some thousands)."""


class BudgetError(Exception):
    """The work exceeds its budget, so its subject cannot be judged; the caller reports that under its own reason."""


class Budget:
    """Counts down. One budget belongs to one piece of work and is passed to all that takes part in it."""

    __slots__ = ("_left", "steps")

    def __init__(self, steps: int = STEPS_PER_PASS) -> None:
        self.steps = steps
        self._left = steps

    @property
    def spent(self) -> int:
        """Return how many steps were taken."""
        return self.steps - self._left

    def spend(self, steps: int = 1) -> None:
        """Take steps before doing the work that they stand for; raises BudgetError if that is more than is left."""
        self._left -= steps
        if self._left < 0:
            raise BudgetError(f"more than {self.steps} steps")
