"""What a run generates: a month, or an extra round. Whose visits may come of it, and whose are there already."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from dispatch.domain.visits import periods
from dispatch.domain.visits.periods import Period
from dispatch.models.bulk import analyze
from dispatch.models.visits import CheckinMonth, CheckinMonthElder, CheckinVisit, ExtraRound
from dispatch.services.centre import Centre
from dispatch.services.visits import extra, month, people, steps
from dispatch.services.visits.tasks import Made


class Source(Protocol):
    def begin(self, now: datetime) -> None: ...

    def candidates(self) -> Select[int]: ...

    def stands(self, after: int) -> Select[int]:
        """Whoever stands in it already: what they are in it for may have been taken back altogether."""

    def is_over(self) -> bool:
        """Nothing of it changes any more."""

    def bring(self, ids: Collection[int], now: datetime) -> Made: ...

    def finish(self, now: datetime) -> None: ...


def source(session: Session, centre: Centre, name: str) -> Source:
    if name.startswith(extra.PREFIX):
        return OfRound(session, centre, extra.of_period(session, name))
    return OfMonth(session, centre, periods.month(name))


@dataclass(frozen=True)
class OfMonth:
    session: Session
    centre: Centre
    month: Period

    def begin(self, now: datetime) -> None:
        if self.session.get(CheckinMonth, self.month.name) is None:
            self.session.add(CheckinMonth(month=self.month.name, generated_at=now))
            self.session.flush()

    def candidates(self) -> Select[int]:
        return people.candidates(self.centre.visits.listed, self.month)

    def stands(self, after: int) -> Select[int]:
        return (
            select(CheckinMonthElder.elder_id)
            .where(CheckinMonthElder.month == self.month.name, CheckinMonthElder.elder_id > after)
            .order_by(CheckinMonthElder.elder_id)
        )

    def is_over(self) -> bool:
        return self.session.get_one(CheckinMonth, self.month.name).closed_at is not None

    def bring(self, ids: Collection[int], now: datetime) -> Made:
        return month.bring_up_to_date(self.session, self.centre, self.month, ids, now)

    def finish(self, now: datetime) -> None:
        if self.is_over():
            return
        self.session.get_one(CheckinMonth, self.month.name).generated_at = now
        steps.lay(self.session, self.centre, self.month)
        analyze(self.session, CheckinVisit, CheckinMonthElder)


@dataclass(frozen=True)
class OfRound:
    session: Session
    centre: Centre
    round: ExtraRound

    def begin(self, now: datetime) -> None:
        pass

    def candidates(self) -> Select[int]:
        return extra.candidates(self.centre, self.round)

    def stands(self, after: int) -> Select[int]:
        return (
            select(CheckinVisit.elder_id)
            .where(CheckinVisit.extra_round_id == self.round.id, CheckinVisit.elder_id > after)
            .order_by(CheckinVisit.elder_id)
        )

    def is_over(self) -> bool:
        return self.round.ended_at is not None

    def bring(self, ids: Collection[int], now: datetime) -> Made:
        return extra.bring_up_to_date(self.session, self.centre, self.round, ids, now)

    def finish(self, now: datetime) -> None:
        if not self.is_over():
            steps.lay_of(self.session, self.centre, [extra.period_of(self.round)])
