"""Check the chains of hashes."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from dispatch.cli.admin import open_centre
from dispatch.services import chain

WHY = {
    "changed": "it, its seal, or something sealed before it was changed or taken out",
    "gone": "it was deleted",
    "slipped_in": "it was put in afterwards",
}


@click.group()
def trail() -> None:
    """The audit trail and the timelines, chained by hashes."""


@trail.command()
@click.option("--expect", metavar="LINKS:HASH", help="What an earlier run said; shows that nothing was cut off since.")
def verify(expect: str | None) -> None:
    """Walk both chains and say where one breaks. Keep the hash elsewhere: on paper, in another system."""
    centre, now = open_centre(), datetime.now(UTC)
    whole = True
    for each in chain.CHAINS:
        found = chain.verify(centre, each, now)
        whole = whole and found.broken_at is None
        click.echo(told(each, found))
    if expect is not None:
        links, _, digest = expect.partition(":")
        if not links.isdigit() or not chain.had(centre, chain.TRAIL, int(links), digest):
            whole = False
            click.echo(f"trail      BROKEN: what {links} links ended with before is not there")
    if not whole:
        sys.exit(1)


def told(each: chain.Chain, found: chain.Verdict) -> str:
    line = f"{each.name:<10} {found.held} links hold"
    if found.broken_at is not None:
        return f"{line}, BROKEN at {each.row} {found.broken_at}: {WHY[found.why or 'changed']}"
    return f"{line}, {found.waiting} not sealed yet, now at {found.held}:{found.head}"
