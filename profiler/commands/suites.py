"""List the built-in suites."""

import click

from profiler.models.suite import builtin_suites


@click.command()
def command() -> None:
    """List the built-in suites.

    A suite of your own is a TOML file, named by its path wherever a suite is asked for.
    """
    for suite in builtin_suites():
        click.echo(f"{suite.name:<24}{suite.description}")
