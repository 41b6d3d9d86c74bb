"""The generated pages list every condition, field, setting, metric and command."""

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY
from typer.main import get_command

from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import ConditionType
from proxiedapp.cli import app
from proxiedapp.cli.lazy import loaded
from proxiedapp.process.settings import Settings
from proxiedapp.verify.codes import Code
from tests.support.leaves import SCHEMA
from tools.reference.limits import found_limits
from tools.reference.pages import PAGES
from tools.reference.permissions import ROLES, rules

DOCS = Path(__file__).parents[2] / "docs"


def rows(page: str) -> list[list[str]]:
    lines = (DOCS / page).read_text().splitlines()
    return [[cell.strip("| ") for cell in line.split(" | ")] for line in lines if line.startswith("| `")]


@pytest.mark.parametrize("page", PAGES)
def test_page_is_up_to_date(page: str) -> None:
    assert (DOCS / page).read_text() == PAGES[page](), "run make generate"


@pytest.mark.parametrize("page", PAGES)
def test_every_row_has_a_description(page: str) -> None:
    """A row of measurements ends with a count, such as 0/2."""
    counts = re.compile(r"\d+/\d+")
    assert [row for row in rows(page) if len(row[-1]) < 5 and not counts.fullmatch(row[-1])] == []


def test_every_condition_reason_and_code_is_listed() -> None:
    assert [row[0].strip("`") for row in rows("conditions.md")] == [*ConditionType, *Reason, *Code]


def test_every_rule_of_the_roles_says_what_it_is_for() -> None:
    roles = [each for each in yaml.safe_load_all(ROLES.read_text()) if "rules" in each]
    assert [rule.resources for rule in rules()] == [rule["resources"] for role in roles for rule in role["rules"]]
    assert [rule.resources for rule in rules() if not rule.purpose] == []


def test_every_setting_is_listed() -> None:
    listed = [row[0].strip("`") for row in rows("reference/settings.md")]
    assert listed == [f"PROXIEDAPP_{name}".upper() for name in Settings.model_fields]


def test_every_metric_is_listed() -> None:
    listed = {row[0].strip("`").removesuffix("_total") for row in rows("reference/metrics.md")}
    assert listed == {family.name for family in REGISTRY.collect() if family.name.startswith("proxiedapp_")}


def test_every_field_of_the_spec_is_listed() -> None:
    listed = [row[0].strip("`") for row in rows("reference/api.md")]
    top = listed.index("observedGeneration")
    assert listed[: len(SCHEMA["properties"])] == list(SCHEMA["properties"])
    assert {"pathPrefix", "trustedProxies", "docsPath", "topologySpreadConstraints"} <= set(listed[:top])


def test_every_command_and_option_is_listed() -> None:
    page = (DOCS / "reference" / "commands.md").read_text()
    missing = []
    groups = [("proxiedapp", get_command(app))]
    while groups:
        name, command = groups.pop()
        groups += [(f"{name} {inner}", loaded(each)) for inner, each in getattr(command, "commands", {}).items()]
        section = page.partition(f"# `{name}`\n")[2].partition("\n#")[0]
        missing += [name] if not section else []
        options = [option for one in command.params for option in one.opts if option.startswith("-")]
        missing += [f"{name} {option}" for option in options if option != "--help" and f"`{option}`" not in section]
    assert missing == []


def test_each_limit_says_what_it_bounds() -> None:
    found = list(found_limits())
    assert {"MAX_SCHEMA_VALUES", "MAX_PAGE_BYTES", "STEPS_PER_PASS"} <= {name for _, name, _, _ in found}
    assert [f"{module}.{name}" for module, name, _, text in found if not text] == []
