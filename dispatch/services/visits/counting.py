"""How many elders of a month's list there are of each kind: in all, in each area and in each group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.models.places import Area, inside
from dispatch.services.register.areas import tops
from dispatch.services.visits.listing import InList, in_group, of_list

Conditions = Mapping[str, ColumnElement[bool]]
"""What must hold of a ``CheckinMonthElder`` to be counted, by the name of the number."""


@dataclass(frozen=True)
class Counted:
    codes: Sequence[str]
    by_path: Mapping[str, Sequence[int]]
    """The numbers of each area in which somebody lives."""

    def whole(self) -> dict[str, int]:
        return self._added(self.by_path.values())

    def inside(self, area: Area) -> dict[str, int]:
        return self._added(sums for path, sums in self.by_path.items() if path.startswith(area.path))

    def _added(self, rows: Iterable[Sequence[int]]) -> dict[str, int]:
        columns = list(zip(*rows, strict=True)) or [()] * len(self.codes)
        return {code: sum(column) for code, column in zip(self.codes, columns, strict=True)}


def count(session: Session, actor: Actor, wanted: InList, holds: Conditions) -> Counted:
    """Of the areas that the actor sees. Raises ``Invalid``."""
    columns = (Area.path, *map(total, holds.values()))
    found = session.execute(of_list(session, columns, actor, wanted).group_by(Area.path))
    return Counted(tuple(holds), {path: sums for path, *sums in found})


def total(holds: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((holds, 1), else_=0)), 0)


def by_group(
    session: Session, actor: Actor, wanted: InList, asked: tuple[Sequence[str], Conditions]
) -> Iterator[tuple[str, dict[str, int]]]:
    """``asked``: which groups, and what is counted in each. Groups overlap."""
    groups, holds = asked
    columns = [total(and_(one, in_group(session, group))) for group in groups for one in holds.values()]
    found = session.execute(of_list(session, columns, actor, wanted)).one()
    width = len(holds)
    for n, group in enumerate(groups):
        yield group, dict(zip(holds, found[n * width : (n + 1) * width], strict=True))


def below(session: Session, actor: Actor, area_id: int | None) -> Sequence[Area]:
    """The areas right below, or the actor's own; where there is but one, those below that."""

    def areas(which: ColumnElement[bool]) -> Sequence[Area]:
        return session.scalars(select(Area).where(inside(actor.paths), which).order_by(Area.id)).all()

    found = areas(Area.path.in_(tops(actor.paths)) if area_id is None else Area.parent_id == area_id)
    while len(found) == 1 and (deeper := areas(Area.parent_id == found[0].id)):
        found = deeper
    return found
