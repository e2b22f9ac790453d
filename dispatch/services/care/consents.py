"""What an elder has agreed to, purpose by purpose, and the form of care that was decided."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid
from dispatch.models.care import Assessment, CareForm, Consent
from dispatch.services import trail
from dispatch.services.care.reach import Answer, elder_within, once
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.visits import month
from dispatch.services.work import Act


@dataclass(frozen=True)
class Word:
    """What the elder said about one purpose."""

    purpose: str
    given: bool
    how: str
    by: str
    read_by: str | None = None
    document: str | None = None


def record_consent(centre: Centre, elder_id: int, act: Act, word: Word) -> Answer:
    """Keep a consent or its withdrawal, which needs no form and no reason and may come by telephone.

    Raises ``Invalid`` for an unknown purpose, and for a consent to a text that nobody read out and nobody signed.
    """

    def change(session: Session) -> Answer:
        elder = elder_within(session, elder_id, act.actor, lock=True)
        purpose = centre.care.purposes.get(word.purpose)
        if purpose is None:
            raise Invalid("purpose", "unknown", f"there is no purpose {word.purpose}: see GET /privacy/purposes")
        if word.given and not word.read_by and not word.document:
            raise Invalid("read_by", "missing", "say who read the notice to the elder, or name the signed paper")
        new = Consent(
            elder_id=elder.id,
            purpose=purpose.code,
            given=word.given,
            how=word.how,
            by=word.by,
            read_by=word.read_by,
            notice=purpose.notice,
            document=word.document,
            at=act.now,
            recorded_by=act.actor.name,
        )
        session.add(new)
        session.flush()
        action = "consent_given" if word.given else "consent_withdrawn"
        deed = Deed(action, Subject("elder", elder.id), data={"purpose": new.purpose, "consent": new.id})
        trail.write(session, act.actor, deed, act.now)
        return consent_json(centre, new)

    return once(centre, act, f"consent:{elder_id}", change)


def standing(session: Session, elder_id: int, purpose: str) -> Consent | None:
    """The consent that counts today for ``purpose``; None: never given, or withdrawn."""
    newest = session.scalar(
        select(Consent)
        .where(Consent.elder_id == elder_id, Consent.purpose == purpose)
        .order_by(Consent.id.desc())
        .limit(1)
    )
    return newest if newest is not None and newest.given else None


def consents_of(session: Session, centre: Centre, elder_id: int) -> list[Answer]:
    """Each purpose with the word that counts (None: never asked) and all that was said about it before."""
    said: dict[str, list[Answer]] = {code: [] for code in centre.care.purposes}
    statement = select(Consent).where(Consent.elder_id == elder_id).order_by(Consent.id.desc())
    for consent in session.scalars(statement):
        said.setdefault(consent.purpose, []).append(consent_json(centre, consent))
    return [
        {
            "purpose": code,
            "given": words[0]["given"] if words else None,
            "outdated": bool(words and words[0]["outdated"]),
            "needed": code in centre.care.purposes and centre.care.purposes[code].needs_consent,
            "words": words,
        }
        for code, words in said.items()
    ]


def list_consents(centre: Centre, elder_id: int, actor: Actor) -> list[Answer]:
    with centre.database.reads() as session:
        elder_within(session, elder_id, actor)
        return consents_of(session, centre, elder_id)


def consent_json(centre: Centre, consent: Consent) -> Answer:
    purpose = centre.care.purposes.get(consent.purpose)
    return {
        "id": str(consent.id),
        "purpose": consent.purpose,
        "given": consent.given,
        "how": consent.how,
        "by": consent.by,
        "read_by": consent.read_by,
        "notice": consent.notice,
        "outdated": consent.given and purpose is not None and purpose.notice != consent.notice,
        "document": consent.document,
        "at": stamp(consent.at),
        "recorded_by": consent.recorded_by,
    }


def purposes_json(centre: Centre) -> list[Answer]:
    return [
        {
            "code": purpose.code,
            "name": dict(purpose.names),
            "basis": purpose.basis,
            "article": purpose.basis.article,
            "sensitive": purpose.sensitive,
            "separate": purpose.separate,
            "emergency_use": purpose.emergency_use,
            "needs_consent": purpose.needs_consent,
            "notice": purpose.notice,
        }
        for purpose in centre.care.purposes.values()
    ]


@dataclass(frozen=True)
class Decision:
    form: str
    reason: str
    assessment_id: int | None = None


def decide_form(centre: Centre, elder_id: int, act: Act, decision: Decision) -> Answer:
    """Decide on the form of care. Raises ``Invalid`` for an unknown form or an assessment that is not the elder's."""

    def change(session: Session) -> Answer:
        elder = elder_within(session, elder_id, act.actor, lock=True)
        if decision.form not in centre.care.groups.forms:
            raise Invalid("form", "unknown", f"there is no form of care {decision.form}: see GET /register/tags")
        if decision.assessment_id is not None:
            basis = session.get(Assessment, decision.assessment_id)
            if basis is None or basis.elder_id != elder.id or basis.voided_at is not None:
                raise Invalid("assessment_id", "unknown", "the elder has no such assessment, or it is void")
        new = CareForm(
            elder_id=elder.id,
            form=decision.form,
            reason=decision.reason,
            assessment_id=decision.assessment_id,
            decided_at=act.now,
            decided_by=act.actor.name,
        )
        session.add(new)
        elder.service_form = decision.form
        session.flush()
        deed = Deed("service_form", Subject("elder", elder.id), decision.reason, {"form": new.form, "id": new.id})
        trail.write(session, act.actor, deed, act.now)
        month.of_elder(session, centre, elder.id, act.now)
        return form_json(new)

    return once(centre, act, f"form:{elder_id}", change)


def forms_of(session: Session, elder_id: int) -> list[Answer]:
    """Decisions, the one that counts first."""
    statement = select(CareForm).where(CareForm.elder_id == elder_id).order_by(CareForm.id.desc())
    return [form_json(form) for form in session.scalars(statement)]


def list_forms(centre: Centre, elder_id: int, actor: Actor) -> list[Answer]:
    with centre.database.reads() as session:
        elder_within(session, elder_id, actor)
        return forms_of(session, elder_id)


def form_json(form: CareForm) -> Answer:
    return {
        "id": str(form.id),
        "form": form.form,
        "reason": form.reason,
        "assessment_id": form.assessment_id and str(form.assessment_id),
        "decided_at": stamp(form.decided_at),
        "decided_by": form.decided_by,
    }
