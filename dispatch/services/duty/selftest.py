"""The self-test's elder, its one standing case, and the book of its passes.

The synthetic alarm is stored, joins the standing case and goes through the live stream like any other. That case is an
open emergency of the test elder: so nothing in the intake knows of the self-test, no case is made or deleted each
minute, and what costs least is what proves most. It has no owner, no deadline, and lies where nobody looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM
from dispatch.domain.case import ACTIVE, Channel, Kind, State
from dispatch.domain.selftest import DEVICE, EVERY, NEVER, NUMBER, PLACE, SCOPE, Watched, card_of
from dispatch.models.cases import Case
from dispatch.models.devices import Device
from dispatch.models.duty import SelftestPath
from dispatch.models.elder_links import ElderLink
from dispatch.models.people import ApiToken, Elder
from dispatch.models.places import Area, Household
from dispatch.services.accounts import digest
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import happened, open_with
from dispatch.services.transact import transact

TOKEN_NAME = "self-test"  # noqa: S105 -- the name of the token, not the token
NAME = "自检"


@dataclass(frozen=True)
class Pass:
    """One synthetic alarm: how long it took, or where it was lost."""

    path: str
    seconds: float | None
    error: str | None = None


@dataclass(frozen=True)
class Keys:
    """Digests of what opens the doors: the machine's token, and the card of the test elder's page."""

    token: str
    card: str


def prepare(centre: Centre, token: str, paths: Iterable[str], now: datetime) -> None:
    """Make sure that everything is there: token, elder, card, standing case, and the list of ways that are watched."""
    keys, wanted = Keys(digest(token), digest(card_of(token))), set(paths)
    with centre.database.reads() as session:
        if _is_ready(session, keys, wanted):
            return
    transact(centre, lambda session: _make(session, centre, keys, wanted, now))


def _is_ready(session: Session, keys: Keys, wanted: set[str]) -> bool:
    known = set(session.scalars(select(SelftestPath.path)))
    token = session.scalar(select(ApiToken.id).where(ApiToken.digest == keys.token, ApiToken.revoked_at.is_(None)))
    card = session.scalar(select(ElderLink.id).where(ElderLink.digest == keys.card, ElderLink.revoked_at.is_(None)))
    return known == wanted and None not in (token, card, _standing(session))


def _standing(session: Session) -> int | None:
    home = select(Device.household_id).where(Device.number == DEVICE).scalar_subquery()
    return session.scalar(
        select(Case.id).where(Case.household_id == home, Case.kind == Kind.EMERGENCY, Case.state.in_(ACTIVE))
    )


def _make(session: Session, centre: Centre, keys: Keys, wanted: set[str], now: datetime) -> None:
    _token(session, keys.token, now)
    home = _home(session, now)
    _card(session, home, keys.card, now)
    if _standing(session) is None:
        _open(session, centre, home, now)
    known = set(session.scalars(select(SelftestPath.path)))
    session.execute(delete(SelftestPath).where(SelftestPath.path.in_(known - wanted)))
    session.add_all(
        SelftestPath(path=path, expected_seconds=EVERY.total_seconds(), since=now) for path in sorted(wanted - known)
    )


def _token(session: Session, token_digest: str, now: datetime) -> None:
    """With the secret of the centre its token changes; the old one opens no door any more."""
    session.execute(
        update(ApiToken)
        .where(ApiToken.name == TOKEN_NAME, ApiToken.digest != token_digest, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    found = session.scalar(select(ApiToken).where(ApiToken.digest == token_digest))
    if found is None:
        session.add(ApiToken(name=TOKEN_NAME, digest=token_digest, scopes=[SCOPE], created_at=now))
    else:
        found.revoked_at = None


def _card(session: Session, home: Household, card_digest: str, now: datetime) -> None:
    elder = session.scalars(select(Elder).where(Elder.household_id == home.id)).one()
    elder.phone = NUMBER
    session.execute(
        update(ElderLink)
        .where(ElderLink.elder_id == elder.id, ElderLink.digest != card_digest, ElderLink.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    found = session.scalar(select(ElderLink).where(ElderLink.digest == card_digest))
    if found is None:
        session.add(ElderLink(elder_id=elder.id, digest=card_digest, created_at=now, created_by=TOKEN_NAME))
    else:
        found.revoked_at = None


def _home(session: Session, now: datetime) -> Household:
    found = session.scalar(select(Household).join(Area, Area.id == Household.area_id).where(Area.path == PLACE))
    if found is not None:
        return found
    area = Area(name=NAME, level=0, path=PLACE)
    session.add(area)
    session.flush()
    home = Household(area_id=area.id, address=NAME, address_short=NAME)
    session.add(home)
    session.flush()
    elder = Elder(
        household_id=home.id,
        name=NAME,
        pinyin=SCOPE,
        initials=SCOPE,
        sex="F",
        birth_date=date(1940, 1, 1),
        flags=[],
        languages=[],
    )
    session.add(elder)
    session.flush()
    session.add(
        Device(number=DEVICE, model=SCOPE, household_id=home.id, elder_id=elder.id, registered_at=now, retired_at=now)
    )
    session.flush()
    return home


def _open(session: Session, centre: Centre, home: Household, now: datetime) -> None:
    case = Case(
        kind=Kind.EMERGENCY,
        cause=SCOPE,
        channel=Channel.DEVICE,
        priority=1,
        state=State.IN_SERVICE,
        version=0,
        opened_at=now,
        waiting_since=now,
        changed_at=now,
        policy=centre.policies[1].dump(),
        due="never",
        next_due_at=NEVER,
        flags=[],
        household_id=home.id,
        area_id=home.area_id,
        elder_id=session.scalar(select(Elder.id).where(Elder.household_id == home.id)),
        origin_device=DEVICE,
    )
    first = happened(case, "opened", SYSTEM, now, data={"kind": SCOPE, "device": DEVICE})
    open_with(session, [case], [first])


def record(centre: Centre, done: Pass, now: datetime) -> None:
    """Write how the pass went; the time of the last one that came through stays."""
    values: dict[str, Any] = {"tried_at": now, "error": done.error and done.error[:200]}
    if done.error is None:
        values |= {"passed_at": now, "seconds": done.seconds, "passes": SelftestPath.passes + 1}
    else:
        values["failures"] = SelftestPath.failures + 1
    with centre.database.sessions.begin() as session:
        session.execute(
            update(SelftestPath).where(SelftestPath.path == done.path).values(values),
            execution_options={"synchronize_session": False},
        )


def watched(session: Session) -> list[Watched]:
    return [watch(row) for row in session.scalars(select(SelftestPath).order_by(SelftestPath.path))]


def watch(row: SelftestPath) -> Watched:
    from_seconds = EVERY * (row.expected_seconds / EVERY.total_seconds())
    return Watched(row.path, from_seconds, row.since, row.passed_at, row.seconds)
