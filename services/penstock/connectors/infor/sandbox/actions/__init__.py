"""What people at the site do, as actions of the admin API: each one transaction, by the rules of the site."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from penstock.connectors.infor.sandbox.actions import shipping
from penstock.connectors.infor.sandbox.actions.inputs import Input
from penstock.connectors.infor.sandbox.site import Site
from penstock.connectors.infor.sandbox.values import IdoError
from penstock.sandbox.engine import ActionError

Act = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
_Given = TypeVar("_Given", bound=Input)


def actions(site: Site) -> dict[str, Act]:
    """By name. A refusal of the site is an ActionError with its text."""

    def bind(model: type[_Given], work: Callable[[Site, _Given], dict[str, Any]]) -> Act:
        async def act(given: dict[str, Any]) -> dict[str, Any]:
            checked = model.model_validate(given)
            try:
                with site.storage.transaction():
                    return work(site, checked)
            except IdoError as error:
                raise ActionError(str(error)) from error

        return act

    return {
        "ship": bind(shipping.Ship, shipping.ship),
        "set-tracking": bind(shipping.SetTracking, shipping.set_tracking),
    }
