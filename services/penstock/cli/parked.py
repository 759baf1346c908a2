"""`penstock parked`: records that wait at a target for a condition."""

from penstock.cli.waiting import waiting_app

app = waiting_app("parked", "parked.", "waits for")
