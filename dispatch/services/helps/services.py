"""The catalogue as everybody may read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dispatch.domain.helps.catalogue import Item
from dispatch.services.centre import Centre


def services(centre: Centre, now: datetime) -> dict[str, Any]:
    """The ten helps with what can be ordered under each, at the prices of today; skills and kinds with their words."""
    day = now.astimezone(centre.zone).date()
    catalogue = centre.catalogue

    def item_json(item: Item) -> dict[str, Any]:
        return {
            "code": item.code,
            "zh": item.words.zh,
            "en": item.words.en,
            "group": item.group,
            "unit": item.unit,
            "minutes": item.minutes,
            "price_fen": item.price(day),
            "skill": item.skill,
            "kinds": sorted(item.kinds),
            "urgent": item.urgent,
        }

    return {
        "helps": [
            {
                "code": code.value,
                "zh": words.zh,
                "en": words.en,
                "items": [item_json(item) for item in catalogue.of_help(code)],
            }
            for code, words in catalogue.helps.items()
        ],
        "skills": [
            {"code": code, "zh": skill.words.zh, "en": skill.words.en, "certificate": skill.certificate}
            for code, skill in catalogue.skills.items()
        ],
        "kinds": [{"code": kind.value, "zh": words.zh, "en": words.en} for kind, words in catalogue.kinds.items()],
    }
