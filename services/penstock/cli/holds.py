"""`penstock holds`: records that a rule or a target has put before a person."""

from penstock.cli.waiting import waiting_app

app = waiting_app("holds", "hold", "rule")
