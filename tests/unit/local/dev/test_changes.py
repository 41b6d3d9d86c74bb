"""Changed files are noticed by their modification times."""

import os
from pathlib import Path

from proxiedapp.local.dev.changes import changed, extended, snapshot


def test_code_counts_and_other_folders_do_not(tmp_path: Path) -> None:
    for name in ("main.py", "shop/web.py", ".env", "note.txt", ".venv/x.py", "__pycache__/y.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    extra = tmp_path / "app.yaml"
    before = snapshot([tmp_path], [extra])
    assert sorted(Path(path).name for path in before) == [".env", "main.py", "web.py"]

    extra.touch()
    os.utime(tmp_path / "shop" / "web.py", ns=(1, 1))
    (tmp_path / "main.py").unlink()
    after = snapshot([tmp_path], [extra])
    assert [Path(path).name for path in changed(before, after)] == ["app.yaml", "main.py", "web.py"]
    assert changed(after, after) == []


def test_change_during_a_restart_is_still_noticed() -> None:
    before, now = {"a.py": 1}, {"a.py": 2, "new.py": 2}
    assert changed(extended(before, now), now) == ["a.py"]
