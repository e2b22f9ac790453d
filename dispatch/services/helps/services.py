"""The catalogue as everybody may read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.domain.case import Help
from dispatch.domain.helps.catalogue import Item
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf


@dataclass(frozen=True)
class Sought:
    q: str = ""
    """A part of its words or of its code."""
    help: Help | None = None

    def fits(self, item: Item) -> bool:
        said = f"{item.words.zh} {item.words.en} {item.code}".lower()
        return self.help in (None, item.help) and self.q.lower() in said


def services(centre: Centre, sought: Sought, page: PageOf, now: datetime) -> dict[str, Any]:
    """What can be ordered, in the order of the catalogue and at the prices of today; helps, skills, kinds in words."""
    day = now.astimezone(centre.zone).date()
    catalogue = centre.catalogue
    found = [item for item in catalogue.items.values() if sought.fits(item)]
    start = page.before or 0
    end = start + page.limit
    return {
        "items": [_item(item, item.price(day)) for item in found[start:end]],
        "next_cursor": str(end) if end < len(found) else None,
        "total": len(found),
        "helps": [{"code": code.value, "zh": words.zh, "en": words.en} for code, words in catalogue.helps.items()],
        "skills": [
            {"code": code, "zh": skill.words.zh, "en": skill.words.en, "certificate": skill.certificate}
            for code, skill in catalogue.skills.items()
        ],
        "kinds": [{"code": kind.value, "zh": words.zh, "en": words.en} for kind, words in catalogue.kinds.items()],
    }


def _item(item: Item, price_fen: int) -> dict[str, Any]:
    return {
        "code": item.code,
        "help": item.help.value,
        "zh": item.words.zh,
        "en": item.words.en,
        "group": item.group,
        "unit": item.unit,
        "minutes": item.minutes,
        "price_fen": price_fen,
        "skill": item.skill,
        "kinds": sorted(item.kinds),
        "urgent": item.urgent,
    }
