"""What there is to tell: of one elder all visits, refusals and absences; of a month who was reminded of what."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from dispatch.domain.actor import Actor
from dispatch.domain.visits.periods import Every, Period, periods
from dispatch.models.outbox import Message
from dispatch.models.places import Area, inside
from dispatch.models.visits import CheckinNotice, CheckinRefusal, CheckinStep, CheckinVisit, ElderAbsence, ExtraRound
from dispatch.services.care.reach import elder_within, today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import stamp
from dispatch.services.visits import extra
from dispatch.services.visits.listing import refusal_row
from dispatch.services.visits.rows import SHOWN, in_areas, visit_row, with_more
from dispatch.services.work import Act

Row = dict[str, Any]


def of_elder(centre: Centre, elder_id: int, act: Act, page: PageOf) -> Row:
    """Raises ``NotFound``."""
    day = today(centre, act.now)
    with centre.database.reads() as session:
        elder_within(session, elder_id, act.actor)
        statement = with_more(in_areas(select(*SHOWN).where(CheckinVisit.elder_id == elder_id), act.actor))
        if page.before is not None:
            statement = statement.where(CheckinVisit.id < page.before)
        found = session.execute(statement.order_by(CheckinVisit.id.desc()).limit(page.limit + 1)).all()
        items = [visit_row(centre, day, *row) for row in found[: page.limit]]
        refused = session.scalars(
            select(CheckinRefusal).where(CheckinRefusal.elder_id == elder_id).order_by(CheckinRefusal.id.desc())
        ).all()
        absent = session.scalars(
            select(ElderAbsence).where(ElderAbsence.elder_id == elder_id).order_by(ElderAbsence.id.desc())
        ).all()
    return {
        "items": items,
        "next_cursor": items[-1]["id"] if len(found) > page.limit else None,
        "refusals": [refusal_row(one) for one in refused],
        "absences": [
            {
                "kind": one.kind,
                "begins_at": stamp(one.begins_at),
                "until": stamp(one.until),
                "ended_at": stamp(one.ended_at),
            }
            for one in absent
        ],
    }


def reminders(centre: Centre, actor: Actor, month: Period) -> list[Row]:
    """Every step of the periods of the month, and of extra rounds in it, with who was told in the actor's areas."""
    names = [period.name for every in Every for period in periods(every, month)]
    with centre.database.reads() as session:
        rounds = session.scalars(
            select(ExtraRound).where(ExtraRound.first <= month.last, ExtraRound.last >= month.first)
        ).all()
        names += [extra.period_of(one).name for one in rounds]
        steps = session.scalars(
            select(CheckinStep).where(CheckinStep.period.in_(names)).order_by(CheckinStep.period, CheckinStep.id)
        ).all()
        notices = session.execute(
            select(CheckinNotice, Area.name, Message.label, Message.state)
            .outerjoin(Area, Area.id == CheckinNotice.area_id)
            .outerjoin(Message, Message.id == CheckinNotice.message_id)
            .where(
                CheckinNotice.step_id.in_([step.id for step in steps]),
                or_(CheckinNotice.area_id.is_(None), inside(actor.paths)),
            )
            .order_by(CheckinNotice.id)
        ).all()
    return [
        {
            "period": step.period,
            "step": step.step,
            "due_at": stamp(step.next_due_at),
            "done_at": stamp(step.done_at),
            "open": step.open,
            "told": [
                {
                    "recipient": notice.recipient,
                    "label": label,
                    "area": area,
                    "open": notice.open,
                    "at": stamp(notice.at),
                    "message": state,
                }
                for notice, area, label, state in notices
                if notice.step_id == step.id
            ],
        }
        for step in steps
    ]
