"""What the words of a device mean: seen, tried on what it said lately, said anew with a reason, and said as before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Forbidden, Invalid, Silences, VersionConflict
from dispatch.domain.mapping import IGNORE, NEVER, DeviceMapping, Scope, Subject, Words, key_of
from dispatch.domain.overlay import checked, silenced
from dispatch.domain.permissions import May
from dispatch.domain.signals import SignalKind
from dispatch.domain.trial import Read, Reader
from dispatch.models.devices import Device
from dispatch.models.listening import DeviceBeat
from dispatch.models.meanings import MappingVersion
from dispatch.models.places import Area, inside
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.devices.lately import Lately, Message, lately
from dispatch.services.devices.meanings import in_force
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, write
from dispatch.services.trail import Subject as About
from dispatch.services.transact import transact

KINDS = [*(kind.value for kind in SignalKind if kind not in NEVER), IGNORE]
MOST_HEARD = 50
MOST_VALUES = 12
COUNTED = timedelta(days=2)
"""Back from today: a device says its model with each sign of life."""


@dataclass(frozen=True)
class Proposed:
    """``words`` as they came; none: as configured again."""

    scope: Scope
    name: str
    words: Mapping[str, Any] | None

    @property
    def subject(self) -> Subject:
        return Subject(self.scope, key_of(self.name))

    def read(self) -> Words | None:
        """Raises ``Invalid``."""
        found = checked(self.words) if self.words is not None else Words()
        return found if found != Words() else None


@dataclass(frozen=True)
class Looking:
    """Who looks at which device, and with what its messages are read."""

    actor: Actor
    reader: Reader
    number: str


@dataclass(frozen=True)
class Saving:
    """``version``: the newest that was seen; 0: none."""

    proposed: Proposed
    reason: str
    version: int
    even_if_silent: bool = False


@dataclass(frozen=True)
class Around:
    """One device among its words."""

    device: Lately
    mapping: DeviceMapping
    messages: list[Message]
    """Those that are a matter of a mapping, oldest first, and how each is read."""
    reads: list[Read]
    models: tuple[str, ...]
    classes: Mapping[str, str]

    @property
    def model(self) -> str | None:
        return self.models[0] if self.models else self.device.whose.model

    def words(self, mapping: DeviceMapping, scope: Scope = Scope.DEVICE) -> Words:
        """Of this device; or of any other of its model, of which nothing else was said."""
        models = self.models or ((self.model,) if self.model else ())
        number = self.device.number if scope is Scope.DEVICE else ""
        return mapping.of(number, *models, classes=self.classes)

    def silenced_by(self, proposed: Proposed, words: Words | None) -> list[str]:
        after = self.with_(proposed.subject, words)
        return silenced(self.words(self.mapping, proposed.scope), self.words(after, proposed.scope))

    def with_(self, subject: Subject, words: Words | None) -> DeviceMapping:
        """As if ``words`` were what was said of ``subject``; none: nothing was."""
        laid = {each: said for each, said in self.mapping.laid.items() if each != subject}
        return replace(self.mapping, laid=laid if words is None else {**laid, subject: words})

    def refuse_foreign(self, proposed: Proposed) -> None:
        """Whoever looks at one device says something of it, or of its model. Raises ``Invalid``."""
        own = self.device.number if proposed.scope is Scope.DEVICE else self.model
        if own is None or key_of(own) != proposed.subject.key:
            raise Invalid("name", "foreign", "this device has another number or model: look again")


def meaning(centre: Centre, looking: Looking, now: datetime) -> dict[str, Any]:
    """What the words of the device mean and by whom; what it was heard to say. Raises ``NotFound``."""
    with centre.database.reads() as session:
        around = around_device(session, centre, looking)
        number, model = looking.number, around.model
        words = around.words(around.mapping)
        return {
            "number": number,
            "device_id": str(around.device.device.id) if around.device.device is not None else None,
            "model": model,
            "way": looking.reader.reads(around.messages[-1].kept.source) if around.messages else None,
            "kinds": KINDS,
            "effective": words.dump(),
            "heard": _heard(around, words),
            "device": _subject(session, around, Subject(Scope.DEVICE, key_of(number)), number),
            "of_model": _of_model(session, around, model, now.astimezone(centre.zone).date()) if model else None,
            "may_save": {"device": looking.actor.may(May.MAPPING), "model": _may_model(session, looking.actor)},
        }


def save(centre: Centre, looking: Looking, saving: Saving, now: datetime) -> None:
    """From now on it means that; gateways follow within seconds. Raises ``NotFound``, ``Invalid``, ``Forbidden``,
    ``VersionConflict`` when somebody else said something meanwhile, ``Silences`` when an alarm would be none.
    """
    proposed, words = saving.proposed, saving.proposed.read()

    def work(session: Session) -> None:
        around = around_device(session, centre, looking)
        around.refuse_foreign(proposed)
        if proposed.scope is Scope.MODEL and not _may_model(session, looking.actor):
            raise Forbidden("a model is everywhere: whoever answers for all areas says what its words mean")
        last = _last(session, proposed.subject)
        if (last.id if last is not None else 0) != saving.version:
            raise VersionConflict(
                "somebody said something else meanwhile: look again", version=last.id if last is not None else 0
            )
        lost = around.silenced_by(proposed, words)
        if lost and not saving.even_if_silent:
            raise Silences("what is an alarm today would be none: look at it, and say that it shall be so", words=lost)
        version = _version(looking.actor, saving, words, now)
        session.add(version)
        session.flush()
        data = {"scope": proposed.scope.value, "key": proposed.subject.key, "silenced": len(lost)}
        about = About("mapping", str(version.id))
        write(session, looking.actor, Deed("mapping_changed", about, saving.reason, data), now)

    transact(centre, work)


def versions(centre: Centre, looking: Looking, scope: Scope, page: PageOf) -> dict[str, Any]:
    """What was said of the device, or of its model, newest first. Raises ``NotFound``."""
    with centre.database.reads() as session:
        around = around_device(session, centre, looking)
        key = key_of(looking.number if scope is Scope.DEVICE else around.model or "")
        statement = select(MappingVersion).where(MappingVersion.scope == scope, MappingVersion.key == key)
        if page.before is not None:
            statement = statement.where(MappingVersion.id < page.before)
        found = session.scalars(statement.order_by(MappingVersion.id.desc()).limit(page.limit + 1)).all()
    items = [
        {
            "version": str(one.id),
            "at": stamp(one.at),
            "by": one.by_name,
            "reason": one.reason,
            "words": one.words,
        }
        for one in found[: page.limit]
    ]
    return {"items": items, "next_cursor": items[-1]["version"] if len(found) > page.limit else None}


def around_device(session: Session, centre: Centre, looking: Looking) -> Around:
    """Raises ``NotFound``."""
    mapping = in_force(centre, session)
    reader = looking.reader
    device = lately(session, centre, looking.actor, looking.number)
    messages = [one for one in device.messages if reader.reads(one.kept.source)]
    reads = reader.read(device.whose, [one.kept for one in messages], [mapping])
    models = next((read.models for read in reversed(reads) if read.models), ())
    return Around(device, mapping, messages, reads, models, reader.classes(device.whose))


def _last(session: Session, subject: Subject) -> MappingVersion | None:
    of_it = (MappingVersion.scope == subject.scope, MappingVersion.key == subject.key)
    return session.scalar(select(MappingVersion).where(*of_it).order_by(MappingVersion.id.desc()).limit(1))


def _version(actor: Actor, saving: Saving, words: Words | None, now: datetime) -> MappingVersion:
    proposed = saving.proposed
    return MappingVersion(
        scope=proposed.scope.value,
        key=proposed.subject.key,
        name=proposed.name,
        follows=saving.version,
        words=words.dump() if words is not None else None,
        at=now,
        by=actor.key,
        by_name=actor.name,
        reason=saving.reason,
    )


def _may_model(session: Session, actor: Actor) -> bool:
    """A model is everywhere, and not in one district."""
    roots = select(Area.id).where(Area.parent_id.is_(None), ~inside(actor.paths)).limit(1)
    return actor.may(May.MAPPING) and session.scalar(roots) is None


def _of_model(session: Session, around: Around, model: str, today: date) -> dict[str, Any]:
    subject = Subject(Scope.MODEL, key_of(model))
    said = select(DeviceBeat.device_id).where(
        DeviceBeat.day > today - COUNTED, func.lower(DeviceBeat.data["model"].as_string()) == subject.key
    )
    is_one = or_(func.lower(Device.model) == subject.key, Device.id.in_(said))
    count = session.scalar(select(func.count()).select_from(Device).where(Device.retired_at.is_(None), is_one))
    return {**_subject(session, around, subject, model), "devices": count}


def _subject(session: Session, around: Around, subject: Subject, name: str) -> dict[str, Any]:
    """``under``: what it would mean if nothing had been said of this subject; ``laid``: what was."""
    last = _last(session, subject)
    laid = around.mapping.laid.get(subject)
    return {
        "scope": subject.scope.value,
        "name": name,
        "version": str(last.id if last is not None else 0),
        "configured": around.mapping.configured(subject).dump(),
        "laid": laid.dump() if laid is not None else None,
        "under": around.words(around.with_(subject, None), subject.scope).dump(),
    }


def _heard(around: Around, words: Words) -> dict[str, Any]:
    """Words and values that it said, the newest first, with what they mean; none where nobody has said."""
    spoken: Counter[str] = Counter()
    states: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for message, read in reversed(list(zip(around.messages, around.reads, strict=True))):
        spoken.update(read.words)
        for name, value in () if message.withheld else read.states.items():
            states[name][value] += 1
    return {
        "words": [
            {"word": word, "count": n, "means": (words.action(word) or IGNORE) if words.knows(word) else None}
            for word, n in list(spoken.items())[:MOST_HEARD]
        ],
        "states": [
            {"name": name, "values": _values(counted, words.states.get(name, {}))}
            for name, counted in list(states.items())[:MOST_HEARD]
        ],
    }


def _values(counted: Counter[str], meanings: Mapping[str, SignalKind | None]) -> list[dict[str, Any]]:
    return [
        {"value": value, "count": n, "means": (meanings[value] or IGNORE) if value in meanings else None}
        for value, n in list(counted.items())[:MOST_VALUES]
    ]
