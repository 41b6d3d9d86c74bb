import asyncio
from pathlib import Path

import pytest
from cryptography import x509

from proxiedapp_sandbox.certificates import write_serving_certificate
from proxiedapp_sandbox.node.config import NetworkConfig
from proxiedapp_sandbox.node.environment import PodFields, environment
from proxiedapp_sandbox.node.errors import NetworkError
from proxiedapp_sandbox.node.gateway import forward_gateway_ports, service_variables
from tests.unit.sandbox.node.samples import NETWORK, a_container, a_pod

GATEWAY = NetworkConfig(id="0a1b2c", bridge="pa0a1b2c", gateway="127.0.0.2", prefix_length=29)
"""Another address of loopback, which every Linux has."""


def test_a_container_gets_the_api_servers_address_and_may_override_it() -> None:
    container = a_container(
        env=[{"name": "URL", "value": "$(KUBERNETES_SERVICE_HOST)"}, {"name": "KUBERNETES_SERVICE_PORT", "value": "1"}]
    )
    services = service_variables(NETWORK, "https://127.0.0.1:6443")
    fields = PodFields(a_pod(container), "10.231.0.2", "10.231.0.1", {}, services)
    assert environment(container, fields, {}) == {
        "KUBERNETES_SERVICE_HOST": "10.231.0.1",
        "KUBERNETES_SERVICE_PORT": "1",
        "KUBERNETES_SERVICE_PORT_HTTPS": "6443",
        "URL": "10.231.0.1",
    }


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"you said " + await reader.read())
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def test_connections_to_the_gateway_are_forwarded_to_loopback() -> None:
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with forward_gateway_ports(GATEWAY, port):
            reader, writer = await asyncio.open_connection("127.0.0.2", port)
            writer.write(b"hello")
            writer.write_eof()
            assert await reader.read() == b"you said hello"
            writer.close()
            await writer.wait_closed()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.2", port)


async def test_an_address_in_use_is_an_error_that_names_it() -> None:
    async with await asyncio.start_server(echo, "127.0.0.2", 0) as taken:
        port = taken.sockets[0].getsockname()[1]
        with pytest.raises(NetworkError, match=rf"cannot listen on 127\.0\.0\.2:{port}: "):
            async with forward_gateway_ports(GATEWAY, port):
                pass


def test_the_certificate_is_valid_for_the_gateway(tmp_path: Path) -> None:
    _, certificate, _ = write_serving_certificate(tmp_path, "apiserver", "10.231.0.1")
    names = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert [str(name.value) for name in names.value] == ["127.0.0.1", "10.231.0.1", "localhost"]
