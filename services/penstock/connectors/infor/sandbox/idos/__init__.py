"""The IDOs of the site. Names by systems/infor.md 4.6; lengths and required properties by 4.5, else chosen here."""

from types import MappingProxyType

from penstock.connectors.infor.sandbox.idos import finance, parties, sales, shipping, stock

ALL = (*sales.IDOS, *parties.IDOS, *stock.IDOS, *shipping.IDOS, *finance.IDOS)
IDOS = MappingProxyType({ido.name: ido for ido in ALL})
