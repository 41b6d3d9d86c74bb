"""Changes of the route that need more than one object: there is a route at every moment."""

from proxiedapp.resources.kinds import DEPLOYMENT, INGRESS_ROUTE, MIDDLEWARE
from tests.support.scenario import Scenario


async def test_redirect_is_there_before_the_route_gives_up_plain_http(scenario: Scenario) -> None:
    await scenario.served()
    scenario.change(route={"redirectToHTTPS": True})
    requests = await scenario.settle()
    assert [line for line in requests if "ingressroutes" in line] == [
        "create ingressroutes/shop-plain",
        "apply ingressroutes/shop",
    ]


async def test_route_takes_plain_http_back_before_the_redirect_is_deleted(scenario: Scenario) -> None:
    await scenario.served(route={"redirectToHTTPS": True})
    scenario.change()
    requests = await scenario.settle()
    assert [line for line in requests if "status" not in line] == [
        "apply ingressroutes/shop",
        "delete ingressroutes/shop-plain",
        "delete middlewares/shop-https",
    ]


async def test_missing_middleware_keeps_all_as_it_was_until_it_is_there(scenario: Scenario) -> None:
    await scenario.served()
    scenario.change(image="shop:2", route={"middlewares": [{"name": "login"}]})
    assert await scenario.settle() == [
        "read middlewares/login",
        "status shop: Ready=False MiddlewareMissing",
        "event shop: MiddlewareMissing",
    ]
    assert scenario.conditions()["Stalled"] == "True MiddlewareMissing"
    image = scenario.child(DEPLOYMENT).body["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == "shop:1"
    scenario.clock.advance(0.5)
    assert await scenario.settle() == ["read middlewares/login"]

    scenario.foreign(MIDDLEWARE, "login")
    scenario.clock.advance(1.0)
    requests = await scenario.settle()
    assert "apply ingressroutes/shop" in requests
    names = [one["name"] for one in scenario.child(INGRESS_ROUTE).body["spec"]["routes"][0]["middlewares"]]
    assert names[0] == "login"
    assert len(names) == 3


async def test_middlewares_are_read_only_if_the_route_is_written(scenario: Scenario) -> None:
    scenario.foreign(MIDDLEWARE, "login")
    await scenario.served(route={"middlewares": [{"name": "login"}]})
    assert await scenario.reconcile() == []
    scenario.change(image="shop:2", route={"middlewares": [{"name": "login"}]})
    assert "read middlewares/login" not in await scenario.settle()
