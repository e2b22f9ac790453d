"""Administration: schema, users, tokens, the demo's data, a look at the whole."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime

import click

from dispatch.bootstrap.centre import centre_of
from dispatch.bootstrap.process import StartRefused
from dispatch.cli.checked import checked_settings
from dispatch.domain.errors import DispatchError
from dispatch.domain.permissions import ROLES, SCOPES
from dispatch.models import schema
from dispatch.models.people import User
from dispatch.models.sealed import keyring
from dispatch.services import accounts, audit, chain
from dispatch.services.access import users
from dispatch.services.centre import Centre
from dispatch.services.demo.seed import seed_demo
from dispatch.services.imports import files
from dispatch.services.register import keys


def open_centre() -> Centre:
    try:
        return centre_of(checked_settings())
    except StartRefused as error:
        raise click.ClickException(str(error)) from error


@click.group()
def db() -> None:
    """The database's schema."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema up to date; safe to run twice at once."""
    schema.upgrade(open_centre().database)
    click.echo("The schema is up to date.")


@click.group()
def user() -> None:
    """People who sign in."""


@user.command("add")
@click.argument("username")
@click.option("--name", required=True, help="As others see it.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(sorted(ROLES)))
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
def user_add(username: str, name: str, roles: tuple[str, ...], password: str) -> None:
    """Add a person who may work in every area."""
    new = User(username=username, name=name, roles=sorted(roles), area_ids=[], locale="zh-CN", active=True)
    try:
        users.add_by_hand(open_centre(), new, password, datetime.now(UTC))
    except DispatchError as error:
        raise click.ClickException(error.detail) from error
    click.echo(f"Added {username}.")


@user.command("rescue")
@click.argument("username")
@click.option("--whole-centre", is_flag=True, help="Also give every area: after the areas were loaded.")
@click.option("--second-factor", is_flag=True, help="Also forget a lost authenticator.")
def user_rescue(username: str, whole_centre: bool, second_factor: bool) -> None:
    """Let somebody in again whom no administrator can help: prints a one-time password."""
    also = users.Also(whole_centre=whole_centre, second_factor=second_factor)
    try:
        password = users.rescue(open_centre(), username, also, datetime.now(UTC))
    except DispatchError as error:
        raise click.ClickException(error.detail) from error
    click.echo(password)


@click.group()
def token() -> None:
    """Machines that hand in signals and calls."""


@token.command("add")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(sorted(SCOPES)))
def token_add(name: str, scopes: tuple[str, ...]) -> None:
    """Create a token and print it; it cannot be read again."""
    click.echo(accounts.add_token(open_centre(), name, list(scopes), datetime.now(UTC)))


@click.command()
@click.option("--demo", "demo_data", is_flag=True, required=True, help="The invented district of the demo.")
def seed(demo_data: bool) -> None:
    """Fill an empty database; again it changes nothing."""
    if not checked_settings().demo:
        raise click.ClickException("demo data goes into a demo alone: set DISPATCH_DEMO=true")
    try:
        done = seed_demo(open_centre(), datetime.now(UTC))
    except DispatchError as error:
        raise click.ClickException(error.detail) from error
    click.echo("Seeded the demo." if done else "The demo is there already.")


@click.command()
def doctor() -> None:
    """Check the settings, the database, the chain of the timeline and the engine."""
    centre = open_centre()
    with centre.database.engine.connect() as connection:
        current = schema.is_current(connection)
    click.echo(f"schema     {'up to date' if current else 'OLD: run dispatch db upgrade'}")
    broken = False
    for each in chain.CHAINS:
        verdict = chain.verify(centre, each, datetime.now(UTC))
        broken = broken or verdict.broken_at is not None
        click.echo(
            f"{each.name:<10} {verdict.held} links hold"
            + ("" if verdict.broken_at is None else f", BROKEN at {each.row} {verdict.broken_at}: {verdict.why}")
        )
    sealed_well = _keys_in_use(centre) if current else True
    found = audit.health(centre, datetime.now(UTC))
    for job in found["jobs"]:
        click.echo(f"job        {job['name']:<10} {'LATE' if job['late'] else 'ok':<5} {job['last_run_at']}")
    for finding in found["findings"]:
        click.echo(f"finding    {finding['code']} {finding['count']}")
    click.echo(f"spool      {found['spool']['waiting']} waiting")
    if not current or broken or not sealed_well or not found["ok"]:
        sys.exit(1)


def _keys_in_use(centre: Centre) -> bool:
    """Say which data keys seal how much. False: one of them is not in DISPATCH_DATA_KEYS."""
    totals: Counter[str] = Counter()
    for by_key in keys.in_use(centre.database).values():
        totals.update(by_key)
    totals.update(files.keys(centre).values())
    ring = keyring()
    for key_id in dict.fromkeys((*ring.ids, *sorted(totals))):
        known = key_id in ring.ids
        state = "active" if key_id == ring.active.id else "opens" if known else "MISSING from DISPATCH_DATA_KEYS"
        rest = ": run dispatch keys rotate" if known and state == "opens" and totals[key_id] else ""
        click.echo(f"data key   {key_id:<12} {state}, seals {totals[key_id]} values and files{rest}")
    return set(totals) <= set(ring.ids)
