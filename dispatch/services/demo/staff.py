"""Those who work in the invented district: the demo's sign-ins, tokens, duty telephones, and 40 workers."""

from __future__ import annotations

from datetime import datetime
from random import Random

from sqlalchemy.orm import Session

from dispatch.domain.permissions import SCOPES
from dispatch.models.people import ApiToken, DutyPhone, User
from dispatch.models.simnet import SimNetwork, SimPhone
from dispatch.models.workforce import Worker
from dispatch.services.access.passwords import hasher
from dispatch.services.accounts import digest
from dispatch.services.demo.names import STAFF, Numbers, young_name
from dispatch.services.demo.people import Home
from dispatch.services.demo.places import District
from dispatch.services.register.names import called

PASSWORD = "demo"  # noqa: S105 -- the demo's, written on its front page
PEOPLE = {
    "operator": ("陈晓", ["operator"]),
    "operator2": ("李敏", ["operator"]),
    "supervisor": ("王强", ["supervisor"]),
    "provider": ("赵建军", ["provider"]),
    "admin": ("周静", ["admin", "supervisor"]),
    "auditor": ("孙明", ["auditor"]),
}
TOKENS = {"demo-device-token": ["signals"], "demo-admin-token": sorted(SCOPES)}
WORKERS = 40
DUTY_PHONES = (("值班手机 王强", "13700000001", "supervisor"), ("值班手机 周静", "13700000002", "admin"))


def build(session: Session, chance: Random, numbers: Numbers, district: District, now: datetime) -> dict[str, User]:
    """Insert users, tokens, duty telephones and workers; returns the users by their names."""
    hashed = hasher.hash(PASSWORD)
    users = {
        username: User(username=username, name=name, roles=roles, area_ids=[district.city.id], password_hash=hashed)
        for username, (name, roles) in PEOPLE.items()
    }
    session.add_all(users.values())
    session.flush()
    session.add_all(
        ApiToken(name=token.removesuffix("-token"), digest=digest(token), scopes=scopes, created_at=now)
        for token, scopes in TOKENS.items()
    )
    session.add_all(
        DutyPhone(area_id=district.city.id, label=label, phone=phone, user_id=users[username].id)
        for label, phone, username in DUTY_PHONES
    )
    numbers.taken.update(phone for _, phone, _ in DUTY_PHONES)
    session.add_all(_worker(chance, numbers, district, users, n) for n in range(WORKERS))
    session.flush()
    return users


def _worker(chance: Random, numbers: Numbers, district: District, users: dict[str, User], n: int) -> Worker:
    """Each sub-district has some; the first is the one who signs in as ``provider``."""
    grid = district.places[(n * 7) % len(district.places)].grid
    assert grid.parent_id is not None
    return Worker(
        **called(users["provider"].name if n == 0 else young_name(chance, "F" if chance.random() < 0.65 else "M")),
        phone=numbers.mobile(STAFF),
        area_id=grid.parent_id,
        user_id=users["provider"].id if n == 0 else None,
    )


def add_phones(session: Session, homes: list[Home]) -> None:
    """The telephones of the network that the visitor sees: on duty, at 王桂英's and with those who stand by her."""
    session.add(SimNetwork(id=1))
    session.add_all(SimPhone(number=phone, label=label, kind="duty", robot=False) for label, phone, _ in DUTY_PHONES)
    for one in homes[:4]:
        elder = one.elders[0]
        if elder.phone:
            session.add(SimPhone(number=elder.phone, label=elder.name, kind="elder", robot=one.number > 1))
        session.add_all(
            SimPhone(
                number=contact.phone,
                label=f"{contact.name}({elder.name})",
                kind="contact",
                robot=one.number > 1 or contact.relation == "son",
            )
            for contact in one.contacts
        )
