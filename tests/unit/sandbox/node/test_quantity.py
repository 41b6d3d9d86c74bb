import pytest

from proxiedapp_sandbox.node.quantity import in_units_of


@pytest.mark.parametrize(
    ("quantity", "divisor", "whole"),
    [
        pytest.param("500m", "1", 1, id="rounded up"),
        pytest.param("500m", "1m", 500, id="in thousandths"),
        pytest.param("2", "0", 2, id="divisor 0 is the default"),
        pytest.param(2, "1", 2, id="a number"),
        pytest.param("64Mi", "1", 67108864, id="binary"),
        pytest.param("1Gi", "1Mi", 1024, id="binary by binary"),
        pytest.param("1M", "1k", 1000, id="decimal"),
        pytest.param("1e3", "1", 1000, id="exponent"),
        pytest.param("1E", "1P", 1000, id="E is exa, not an exponent"),
        pytest.param("1500u", "1m", 2, id="tiny"),
    ],
)
def test_quantity_in_units_of_its_divisor(quantity: str | int, divisor: str, whole: int) -> None:
    assert in_units_of(quantity, divisor) == whole
