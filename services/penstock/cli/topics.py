"""`penstock topics`: make a cluster match `topics.yaml`."""

from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.errors import CommandError
from penstock.cli.options import Bootstrap, Json, kafka, reachable
from penstock.cli.output import print_json, print_table
from penstock.log.kafka import KafkaSettings, admin
from penstock.log.topics import Plan, Topic, load_topics, plan
from penstock.log.topics import apply as apply_plan

app = typer.Typer(no_args_is_help=True, help="The topics of the log, as `topics.yaml` lists them.")

File = Annotated[Path | None, typer.Option("--file", help="Another topics.yaml.")]
Replication = Annotated[int | None, typer.Option(help="Replicas of new topics; 3 on a cluster of several brokers.")]


@app.command("list", epilog="Example: `penstock topics list --json`")
def show(file: File = None, json: Json = False) -> None:
    """What topics.yaml names; no cluster is asked."""
    topics = _load(file, KafkaSettings.from_env(), None)
    if json:
        print_json([_described(topic) for topic in topics])
        return
    rows = ((t.name, t.partitions, t.config["cleanup.policy"], t.key, t.holds) for t in topics)
    print_table(("topic", "partitions", "cleanup", "key", "holds"), rows)


@app.command(epilog="Example: `penstock topics diff --bootstrap 127.0.0.1:9092`")
def diff(bootstrap: Bootstrap = None, file: File = None, replication: Replication = None, json: Json = False) -> None:
    """What `apply` would do. Exit code 1 when the cluster does not match."""
    settings = kafka(bootstrap)
    topics = _load(file, settings, replication)
    with reachable():
        found = plan(admin(settings), topics)
    _report(found, json=json, done=False)
    if not found.in_step:
        raise typer.Exit(1)


@app.command(epilog="Examples: `penstock topics apply`, `penstock topics apply --replication 3`")
def apply(bootstrap: Bootstrap = None, file: File = None, replication: Replication = None, json: Json = False) -> None:
    """Create missing topics and set what differs. Destroys nothing, never changes a partition count.

    Exit code 1 when something differs that apply refuses to change; it says what and why.
    """
    settings = kafka(bootstrap)
    topics = _load(file, settings, replication)
    with reachable():
        client = admin(settings)
        found = plan(client, topics)
        apply_plan(client, found)
    _report(found, json=json, done=True)
    if found.refused:
        raise CommandError("refused: " + "; ".join(found.refused))


def _load(file: Path | None, settings: KafkaSettings, replication: int | None) -> tuple[Topic, ...]:
    with reachable():
        return load_topics(file, prefix=settings.topic_prefix, replication=replication)


def _described(topic: Topic) -> dict[str, object]:
    return {
        "name": topic.name,
        "partitions": topic.partitions,
        "replication": topic.replication,
        "config": topic.config,
        "key": topic.key,
        "holds": topic.holds,
        "schema": topic.has_schema,
    }


def _report(found: Plan, *, json: bool, done: bool) -> None:
    if json:
        print_json(
            {
                "create": [topic.name for topic in found.create],
                "change": [
                    {"topic": c.topic, "setting": c.setting, "now": c.now, "wanted": c.wanted} for c in found.change
                ],
                "refused": found.refused,
                "unlisted": found.unlisted,
            }
        )
        return
    verb = ("created", "changed") if done else ("create", "change")
    for topic in found.create:
        typer.echo(f"{verb[0]} {topic.name} ({topic.partitions} partitions, {topic.config['cleanup.policy']})")
    for change in found.change:
        typer.echo(f"{verb[1]} {change.topic}: {change.setting} {change.now} -> {change.wanted}")
    if not done:
        for text in found.refused:
            typer.echo(f"refused {text}")
    if found.in_step:
        typer.echo("the cluster matches topics.yaml")
