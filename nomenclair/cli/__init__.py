"""The command line: one Typer app. Each command reads, calls one function, writes, prints counts.

Heavy imports stand inside command bodies, so `describe` starts fast and runs where the pipeline is missing.
"""

import sys

import typer

from nomenclair.cli import curate, datagen, describe, doctor, host, review, run, train
from nomenclair.cli.common import fail
from nomenclair.errors import PartialResult, UserError

app = typer.Typer(
    name="nomenclair",
    help="Tell in plain French or English what a file is, from its name alone.",
    epilog="Example: nomenclair describe report_2023.pdf --lang fr",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for room in (run, datagen, curate, review, train, describe, host, doctor):
    room.register(app)


def main() -> None:
    try:
        app()
    except PartialResult as error:
        fail(error, 1)
    except UserError as error:
        fail(error, 2)
    except SystemExit as end:
        if end.code == 130:  # what Typer makes of Ctrl-C
            print(
                "\nInterrupted. What was done is kept: run the same command again to go on.", file=sys.stderr
            )
        raise
