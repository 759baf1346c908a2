"""A command group that imports a command when it is asked for: `penstock run` must not pay for `penstock map`."""

import importlib
import sys
import traceback
from collections.abc import Mapping
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

from penstock.cli.errors import CommandError, Exit
from penstock.cli.output import console


class LazyGroup(TyperGroup):
    """Commands by name, in `modules`: `module` (a Typer app named `app`), imported on first use.

    A CommandError ends the process with its code, any other exception that is not Typer's with 70.
    """

    modules: ClassVar[Mapping[str, str]]

    def list_commands(self, ctx: Any) -> list[str]:
        return [*self.modules, *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands and cmd_name in self.modules:
            module = importlib.import_module(self.modules[cmd_name])
            command = typer.main.get_command(module.app)
            command.name = cmd_name
            self.commands[cmd_name] = command
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CommandError as error:
            console(stderr=True).print(f"penstock: {error}", markup=False)
            raise typer.Exit(error.code) from error
        except (typer.Exit, typer.Abort, typer.TyperException, KeyboardInterrupt, BrokenPipeError):
            raise
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            console(stderr=True).print("penstock: this is a bug; please report it with the lines above", markup=False)
            raise typer.Exit(Exit.INTERNAL) from error
