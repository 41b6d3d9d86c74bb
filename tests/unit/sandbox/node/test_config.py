from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from proxiedapp_sandbox.node.config import NodeConfig
from tests.unit.sandbox.node.samples import NETWORK, a_config


def test_a_file_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    config = a_config(tmp_path)
    assert NodeConfig.model_validate_json(config.model_dump_json()) == config
    assert (config.backoff_seconds, config.backoff_max_seconds) == (1.0, 30.0)


def test_the_subnet_is_around_the_gateway() -> None:
    assert str(NETWORK.subnet) == "10.231.0.0/29"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"network": NETWORK.model_dump() | {"id": "xyz"}}, id="an id of other than six hex digits"),
        pytest.param({"network": NETWORK.model_dump() | {"prefix_length": 8}}, id="a subnet too big for names"),
        pytest.param({"kubelet_port": 0}, id="no port"),
        pytest.param({"nmae": "typo"}, id="an unknown setting"),
    ],
)
def test_invalid_values_are_rejected(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        a_config(tmp_path, **changes)
