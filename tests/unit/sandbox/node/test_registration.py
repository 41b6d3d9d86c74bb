from pathlib import Path

from proxiedapp_sandbox.node.registration import allocatable, node_status
from tests.unit.sandbox.node.samples import NOW, a_config


def test_the_node_is_ready_and_its_logs_are_at_the_gateway(tmp_path: Path) -> None:
    config = a_config(tmp_path)
    status = node_status(config, NOW, allocatable(config))
    assert status["addresses"] == [{"type": "InternalIP", "address": "10.231.0.1"}]
    assert status["daemonEndpoints"] == {"kubeletEndpoint": {"Port": 10250}}
    assert [(each["type"], each["status"]) for each in status["conditions"]] == [("Ready", "True")]
    assert status["allocatable"]["pods"] == "5"  # eight addresses, less those of the network, the gateway and broadcast
