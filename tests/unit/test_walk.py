"""Executing a page: which steps are read in which order, and that every error on the page is reported."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tests.support.docs import ROOT
from tests.support.shell import Bash, bash
from tests.support.walk import Guide, Run, Save, WalkError, as_shown, planned, steps, walk

PAGE = """\
# Tea

Fill the pot:

```sh
export POT=full # to the brim

# Twice is enough.
printf '%s\\n' one \\
  two
```

It is counted:

```text
one
two
```

## With milk

Save as `milk.yaml`:

```yaml
kind: Milk
```

## Without milk

1. Pour:

   ```sh
   echo "$POT"
   ```
"""


def taken(page: str) -> list[tuple[str, str, str]]:
    """Return the steps of a page, each with its line."""
    return [
        (step.where, step.command, step.shows or "") if isinstance(step, Run) else (step.where, step.file, step.text)
        for step in steps(dedent(page), "page.md")
    ]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Bash]:
    (tmp_path / "home").mkdir()
    with bash(
        tmp_path / "notes", tmp_path / "home", {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "home")}
    ) as started:
        yield started


def walked(page: str, shell: Bash, guide: Guide | None = None) -> None:
    walk(planned(steps(dedent(page), "page.md"), guide or Guide()), shell)


def test_steps_are_in_order_with_their_lines() -> None:
    assert taken(PAGE) == [
        ("page.md:6", "export POT=full # to the brim", ""),
        ("page.md:9", "printf '%s\\n' one \\\n  two", "one\ntwo"),
        ("page.md:25", "milk.yaml", "kind: Milk\n"),
        ("page.md:33", 'echo "$POT"', ""),
    ]


def test_steps_know_their_headings() -> None:
    assert [step.sections for step in steps(PAGE, "page.md")] == [
        ("Tea",),
        ("Tea",),
        ("Tea", "With milk"),
        ("Tea", "Without milk"),
    ]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("```yaml\na: 1\n```", id="the page does not say where to save it"),
        pytest.param("Save as `a.yaml`:\n\nThen:\n\n```yaml\na: 1\n```", id="the paragraph above is another one"),
        pytest.param("```\nls\n```", id="no language"),
        pytest.param("```console\n$ ls\n```", id="a language that is not known"),
        pytest.param('```yaml title="a.yaml"\na: 1\n```', id="only an attribute names the file"),
        pytest.param("~~~yaml\na: 1\n~~~", id="another fence"),
        pytest.param("```text\nout\n```", id="no command prints it"),
        pytest.param("```sh\nls\n```\n\n```text\na\n```\n\n```text\nb\n```", id="shown twice"),
        pytest.param("```sh\nls\n```\n\n## Next\n\n```text\na\n```", id="the command is in another section"),
        pytest.param("```sh\nls\n```\n\nSave as `a`:\n\n```py\n```\n\n```text\na\n```", id="a file is in between"),
    ],
)
def test_an_unclear_block_is_an_error(page: str) -> None:
    with pytest.raises(WalkError, match=r"^page\.md:\d+: "):
        steps(page, "page.md")


def test_entries_of_the_guide_leave_out_or_replace_steps() -> None:
    guide = Guide(
        other_ways=["With milk"],
        left_out={"export POT": "there is one"},
        instead={"two": "three"},
        until={'echo "$POT"': "f"},
    )
    first, second = planned(steps(PAGE, "page.md"), guide)
    assert isinstance(first, Run)
    assert (first.command, first.shows) == ("printf '%s\\n' one \\\n  three", "one\nthree")
    assert isinstance(second, Run)
    assert second.until == "f"


def test_replacements_apply_to_files() -> None:
    (save,) = [
        step for step in planned(steps(PAGE, "page.md"), Guide(instead={"Milk": "Oats"})) if isinstance(step, Save)
    ]
    assert save.text == "kind: Oats\n"


@pytest.mark.parametrize(
    "guide",
    [
        pytest.param(Guide(other_ways=["With lemon"]), id="a heading"),
        pytest.param(Guide(left_out={"stir": "no spoon"}), id="a command"),
        pytest.param(Guide(instead={"lemon": "lime"}), id="a word"),
        pytest.param(Guide(until={"echo": "done"}), id="a command that stays"),
    ],
)
def test_an_unused_entry_of_the_guide_is_an_error(guide: Guide) -> None:
    with pytest.raises(WalkError, match="the page has no "):
        planned(steps(PAGE, "page.md"), guide)


def test_all_steps_run_in_one_shell(shell: Bash, tmp_path: Path) -> None:
    page = """
        ```sh
        export POT="$(printf full)"
        mkdir -p ~/shelf/box
        cd ~/shelf
        ```

        Save as `box/pot.yaml`:

        ```yaml
        kind: Pot
        say: "$POT"
        ```

        Save as `~/kettle`:

        ```text
        on
        ```

        ```sh
        cat box/pot.yaml ../kettle
        echo "$POT, ${PWD##*/}"
        ```

        ```text
        full, shelf
        ```
        """
    walked(page, shell)
    assert (tmp_path / "home" / "shelf" / "box" / "pot.yaml").read_text() == 'kind: Pot\nsay: "$POT"\n'
    assert (tmp_path / "home" / "kettle").read_text() == "on\n"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param("ls absent", "ended with status 2: .*absent.*No such file", id="a command fails"),
        pytest.param("false | true", "ended with status 1", id="the first of a pipe fails"),
        pytest.param("kubectll get pods", "ended with status 127: .*not found", id="there is no such program"),
        pytest.param('echo "$NOWHERE_SET"', "ended with status", id="a variable that is not set"),
        pytest.param("echo 'open", "ended with status 2", id="a quote that is left open"),
        pytest.param("exit 3", "ended with status 3", id="the shell itself ends"),
    ],
)
def test_a_failing_command_is_reported_with_its_line(command: str, said: str, shell: Bash) -> None:
    with pytest.raises(WalkError, match=rf"(?s)^page\.md:3: `.*` {said}"):
        walked(f"```sh\ntrue\n{command}\ntouch later\n```", shell)


def test_a_file_in_a_missing_folder_is_reported_with_its_line(shell: Bash) -> None:
    with pytest.raises(WalkError, match=r"^page\.md:4: saving absent/a ended with status 1"):
        walked("Save as `absent/a`:\n\n```text\na\n```", shell)


def test_a_different_output_is_reported_with_the_difference(shell: Bash) -> None:
    with pytest.raises(WalkError) as caught:
        walked("```sh\necho one\necho two\n```\n\n```text\nthree\n```", shell)
    assert str(caught.value).splitlines() == [
        "page.md:3: `echo two` prints something else",
        "--- as shown",
        "+++ as printed",
        "@@ -1 +1 @@",
        "-three",
        "+two",
    ]


STAYS = "```sh\nsh -c 'echo ready; exec sleep 1000'\necho on\n```\n\n```text\non\n```"


def test_ctrl_c_stops_a_command_and_the_walk_continues(shell: Bash) -> None:
    walked(STAYS, shell, Guide(until={"sh -c 'echo ready; exec sleep 1000'": "ready"}))


@pytest.mark.parametrize("command", ["echo steady", "echo ready"])
def test_a_command_that_exits_too_early_is_an_error(command: str, shell: Bash) -> None:
    with pytest.raises(WalkError, match=r"^page\.md:2: `echo \w+` ended with status 0"):
        walked(f"```sh\n{command}\n```", shell, Guide(until={command: "ready"}))


TABLE = "NAME    URL     AGE\nhello   /api    4s\n"


@pytest.mark.parametrize(
    "printed",
    [
        pytest.param(TABLE, id="the same"),
        pytest.param("NAME    URL     AGE\nhello   /api    2m13s", id="another age"),
        pytest.param("NAME      URL     AGE   \nhello     /api    4s", id="other widths"),
    ],
)
def test_ages_and_column_widths_may_differ(printed: str) -> None:
    assert as_shown(TABLE, printed)


@pytest.mark.parametrize(
    "printed",
    [
        pytest.param("NAME    URL     AGE\nhello   /app    4s\n", id="another cell"),
        pytest.param("NAME    URI     AGE\nhello   /api    4s\n", id="another column"),
        pytest.param("NAME    URL     AGE\nhello   /api    <none>\n", id="no age"),
        pytest.param("NAME    URL     AGE\n", id="a row less"),
        pytest.param(f"{TABLE}hullo   /api    4s\n", id="a row more"),
        pytest.param("", id="nothing"),
    ],
)
def test_other_cells_and_rows_may_not_differ(printed: str) -> None:
    assert not as_shown(TABLE, printed)


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        ("…", True),
        ("…\nc", True),
        ("a\n…", True),
        ("a\n…\nc", True),
        ("a\nb\n…\nc", True),
        ("a\n…\nd", False),
        ("b\n…", False),
        ("…\nb", False),
        ("a\n.\nc", False),
    ],
)
def test_an_ellipsis_matches_any_lines(shown: str, same: bool) -> None:
    assert as_shown(shown, "a\nb\nc\n") is same


@pytest.mark.parametrize("page", ["docs/start/laptop.md", "docs/start/cluster.md"])
def test_first_pages_say_what_to_do_with_each_block(page: str) -> None:
    """tests/e2e/test_quickstart.py executes them; this test runs on every machine."""
    assert len(steps((ROOT / page).read_text(), page)) > 10
