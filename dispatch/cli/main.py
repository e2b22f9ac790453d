"""The command line: every command lives in a module of its own that is loaded only when asked for."""

from __future__ import annotations

import click

from dispatch.loading import load

# Named as text: `dispatch web` must not pay for importing Celery, nor `dispatch --help` for anything.
COMMANDS = {
    "web": "dispatch.cli.web:web",
    "worker": "dispatch.cli.background:worker",
    "clock": "dispatch.cli.background:clock",
    "gateway": "dispatch.cli.gateway:gateway",
    "db": "dispatch.cli.admin:db",
    "user": "dispatch.cli.admin:user",
    "token": "dispatch.cli.admin:token",
    "seed": "dispatch.cli.admin:seed",
    "areas": "dispatch.cli.areas:areas",
    "matching": "dispatch.cli.matching:matching",
    "keys": "dispatch.cli.keys:keys",
    "trail": "dispatch.cli.trail:trail",
    "gateways": "dispatch.cli.gateways:gateways",
    "doctor": "dispatch.cli.admin:doctor",
    "import": "dispatch.cli.tables:import_",
    "backup": "dispatch.cli.backup:backup",
    "restore": "dispatch.cli.backup:restore",
    "simulate": "dispatch.cli.simulate:simulate",
    "serve": "dispatch.cli.supervise:serve",
    "prepare": "dispatch.cli.supervise:prepare",
    "announce": "dispatch.cli.supervise:announce",
}


class LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command = getattr(load(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dispatch")
def main() -> None:
    """Emergency call and dispatch centre for elderly care."""
