"""One command, `distributor`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from distributor.cli import channels, demo, editing, glossary, memory, models, reading, running, users
from distributor.errors import ConfigError, DistributorError

COMMANDS = (
    running.run,
    running.check,
    demo.demo,
    reading.articles,
    reading.deliveries,
    reading.renditions,
    reading.status,
    reading.why,
    editing.urgent,
    editing.hold,
    editing.release,
    editing.withdraw,
    editing.approve,
    editing.retranslate,
    editing.replay,
    channels.channels,
    channels.addresses,
    channels.pause,
    channels.resume,
    channels.notices_,
    models.models,
    glossary.glossary,
    memory.memory,
    users.users,
)


class Front(click.Group):
    """Errors of ours in a line or some, without a traceback; 2 for a bad configuration, else 1."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ConfigError as e:
            click.echo("The configuration is not right:\n" + "\n".join(f"  {f}" for f in e.faults), err=True)
            sys.exit(2)
        except DistributorError as e:
            click.echo(f"distributor: {e}", err=True)
            sys.exit(1)


@click.group(cls=Front, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("config.toml"),
    show_default=True,
    envvar="DISTRIBUTOR_CONFIG",
    help="Where the configuration is; paths in it count from the current folder.",
)
@click.version_option(package_name="distributor")
@click.pass_context
def main(ctx: click.Context, config: Path) -> None:
    """The press-release wire for science: reads, translates, delivers, until it has arrived.

    Begin with `distributor demo`; then `distributor check` and `distributor run`.
    """
    ctx.obj = config


for command in COMMANDS:
    main.add_command(command)
