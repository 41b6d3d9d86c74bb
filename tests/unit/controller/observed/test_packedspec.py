"""Specs and statuses between two changes."""

import tracemalloc

from proxiedapp.controller.observed.packedspec import packed


def test_packed_value_takes_no_more_memory_than_its_bytes() -> None:
    """A spec and a status are kept for every app; what orjson returns takes 4 KiB each."""
    value = {"image": "x" * 500}
    tracemalloc.start()
    try:
        kept = [packed(value) for _ in range(100)]
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 2 * sum(map(len, kept))
