"""Which paths a prefix contains."""

import pytest

from proxiedapp.api.paths import is_under


@pytest.mark.parametrize(
    ("path", "prefix", "expected"),
    [
        ("/api", "/api", True),
        ("/api/", "/api", True),
        ("/api/v1", "/api", True),
        ("/apis", "/api", False),
        ("/api%2Fv1", "/api", False),
        ("/", "/api", False),
        ("/x/api", "/api", False),
        ("/anything", "", True),
    ],
)
def test_prefix_contains_itself_and_what_is_below_it(path: str, prefix: str, expected: bool) -> None:
    assert is_under(path, prefix) is expected
