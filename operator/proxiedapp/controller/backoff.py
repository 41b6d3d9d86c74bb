"""How long to wait before another attempt."""


def backoff(failures: int, first: float, longest: float) -> float:
    """Return the seconds to wait after `failures` earlier failures: `first`, doubled for each, at most `longest`."""
    # Without the cap on the exponent a float overflows at 2**1024, which an app that stays broken reaches within days.
    return min(first * 2.0 ** min(failures, 60), longest)
