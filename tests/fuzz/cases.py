"""Runs a property for many generated inputs, each made from a seed, so that a failure can be repeated.

`make test` runs the same seeds each time. `make fuzz SECONDS=600` runs new seeds for that long in each test, and
`PROXIEDAPP_FUZZ_SEED=123` runs one seed.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final, TypeVar

Item = TypeVar("Item")
ONCE: Final = 0.8
"""Share of pieces that are not repeated."""


def run_cases(check: Callable[[Random], None], count: int) -> None:
    """Call `check` with `count` generators of different seeds; the seed is a note of what it raises."""
    for seed in _seeds(count):
        try:
            check(Random(seed))
        except BaseException as error:
            error.add_note(f"PROXIEDAPP_FUZZ_SEED={seed} repeats it")
            raise


def _seeds(count: int) -> Iterator[int]:
    if (seed := os.environ.get("PROXIEDAPP_FUZZ_SEED")) is not None:
        yield int(seed)
        return
    yield from range(count)
    end = time.monotonic() + float(os.environ.get("PROXIEDAPP_FUZZ_SECONDS", "0"))
    seed_of_this_run = time.time_ns()
    while time.monotonic() < end:
        seed_of_this_run += 1
        yield seed_of_this_run


def some_size(random: Random, largest: int) -> int:
    """Return a size up to `largest`: small ones are as frequent as ones twice as large."""
    return min(largest, int(2 ** random.uniform(0, largest.bit_length())))


def some_text(random: Random, pieces: Sequence[str], largest: int) -> str:
    """Return a text of these pieces, each repeated a number of times, with at most `largest` characters."""
    made: list[str] = []
    left = some_size(random, largest)
    while left > 0:
        piece = random.choice(pieces)
        times = 1 if random.random() < ONCE else some_size(random, max(1, left // max(1, len(piece))))
        made.append(piece * times)
        left -= max(1, len(piece) * times)
    return "".join(made)[:largest]


def some_items(random: Random, make: Callable[[], Item], largest: int) -> list[Item]:
    """Return up to `largest` items."""
    return [make() for _ in range(some_size(random, largest + 1) - 1)]
