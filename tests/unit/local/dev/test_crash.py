"""A server that does not start is summed up in one line."""

from pathlib import Path

import pytest

from proxiedapp.local.dev.crash import summary

FOLDER = Path("/srv/shop")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            [
                "Traceback (most recent call last):",
                '  File "/venv/lib/python3.13/site-packages/uvicorn/importer.py", line 22, in import_from_string',
                '  File "/srv/shop/app/main.py", line 3, in <module>',
                "    import nosuch",
                "ModuleNotFoundError: No module named 'nosuch'",
            ],
            "app/main.py:3: ModuleNotFoundError: No module named 'nosuch'",
            id="frame of the app",
        ),
        pytest.param(
            ["│ /srv/shop/main.py:7 in <module>      │", "╰──────╯", "ValueError: bad"],
            "main.py:7: ValueError: bad",
            id="frames of rich",
        ),
        pytest.param(
            ['  File "/srv/shop/.venv/lib/python3.13/site-packages/x.py", line 2', "x.y.SomeError: it broke", ""],
            "SomeError: it broke",
            id="libraries are not the app",
        ),
        pytest.param(
            ['ERROR:    Error loading ASGI app. Could not import module "main".', ""],
            'ERROR:    Error loading ASGI app. Could not import module "main".',
            id="without a trace, the last line",
        ),
        pytest.param([], "it printed nothing", id="nothing"),
    ],
)
def test_summary(lines: list[str], expected: str) -> None:
    assert summary(lines, FOLDER) == expected
