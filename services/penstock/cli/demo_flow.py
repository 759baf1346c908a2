"""One flow of a demo: its pair of systems, opened at the sandboxes of a running stack."""

from dataclasses import dataclass

import yaml
from pydantic import ValidationError

from penstock.cli.demo_play import Play
from penstock.cli.errors import CommandError, Exit
from penstock.cli.pairs import PAIRS, Pair
from penstock.cli.sandbox_api import SandboxApi
from penstock.cli.stack import Stack
from penstock.flow.model import FlowFile, FlowSystem
from penstock.mapping import Rates
from penstock.resources import resource


@dataclass(frozen=True, slots=True)
class DemoFlow:
    """`source` is (system, instance) of the shop, as event ids begin."""

    name: str
    pair: Pair
    source: tuple[str, str]
    shop: SandboxApi
    erp: SandboxApi
    play: Play

    @classmethod
    def open(cls, stack: Stack, name: str) -> "DemoFlow":
        """Raises CommandError when no demo is written for its systems, or one of them has no sandbox."""
        file = read_flow(name)
        shop_name, shop = first(file, "shop")
        erp_name, erp = first(file, "erp")
        source = (shop.system or shop_name, shop.instance)
        pair = PAIRS.get((source[0], erp.system or erp_name))
        if pair is None:
            known = ", ".join(" with ".join(each) for each in sorted(PAIRS))
            raise CommandError(f"there is no demo of the systems of {name}; there is one of {known}", Exit.USAGE)
        sandboxes = stack.flows[name].sandboxes
        if not {shop_name, erp_name} <= set(sandboxes):
            said = f"the demo needs both sandboxes; {name}/env/{stack.env}.yaml has {list(sandboxes)}"
            raise CommandError(said, Exit.USAGE)
        shop_api, erp_api = SandboxApi(sandboxes[shop_name]), SandboxApi(sandboxes[erp_name])
        play = Play(pair.scene(shop_api, erp_api, shop.tag, read_rates(name)), shop.tag)
        return cls(name, pair, source, shop_api, erp_api, play)

    def close(self) -> None:
        self.shop.close()
        self.erp.close()


def first(file: FlowFile, role: str) -> tuple[str, FlowSystem]:
    """Name and instance of the flow's first shop or ERP: the demo plays in one of each."""
    return next((name, about) for name, about in file.systems.items() if about.role == role)


def read_flow(name: str) -> FlowFile:
    """`flows/<name>/flow.yaml`. Raises CommandError naming the file and what is wrong."""
    path = resource("flows") / name / "flow.yaml"
    try:
        return FlowFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise CommandError(f"{path}: {error}", Exit.USAGE) from error


def read_rates(name: str) -> Rates | None:
    """The flow's exchange rates, where it has any."""
    path = resource("flows") / name / "rates.yaml"
    return Rates.from_text(path.read_text(encoding="utf-8"), str(path)) if path.is_file() else None
