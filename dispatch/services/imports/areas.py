"""The tree of areas, held in memory while a file is read: by code, and by names from any level down."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.imports.cells import Refused
from dispatch.domain.imports.template import fold
from dispatch.models.places import Area

MOST_ASKED = 10_000
STEPS = re.compile(r"\s*[/>》\\]\s*")


@dataclass(frozen=True)
class Spot:
    id: int
    path: str


class Areas:
    """For one import: ``paths`` must be the same at every call."""

    def __init__(self, session: Session) -> None:
        self._by_code: dict[str, Spot] = {}
        self._by_names: dict[str, list[Spot]] = {}
        self._asked: dict[str, Spot] = {}
        names: dict[int, tuple[str, ...]] = {}
        for area in session.scalars(select(Area).order_by(Area.level, Area.id)):
            spot = Spot(area.id, area.path)
            if area.code:
                self._by_code[area.code] = spot
            above = names.get(area.parent_id or 0, ())
            names[area.id] = (*above, fold(area.name))
            for start in range(len(names[area.id])):
                self._by_names.setdefault("/".join(names[area.id][start:]), []).append(spot)

    def find(self, written: str, paths: Iterable[str]) -> Spot:
        """Raises ``Refused`` for what is unknown, has several meanings, or lies outside of ``paths``."""
        if written in self._asked:
            return self._asked[written]
        spot = self._by_code.get(written)
        if spot is None:
            found = self._by_names.get("/".join(map(fold, STEPS.split(written.strip("/ ")))), [])
            if len(found) > 1:
                found = [s for s in found if s.path.startswith(tuple(paths))]
                if len(found) > 1:
                    raise Refused("ambiguous_area")
            if not found:
                raise Refused("unknown_area")
            spot = found[0]
        if not spot.path.startswith(tuple(paths)):
            raise Refused("area_not_yours")
        if len(self._asked) < MOST_ASKED:
            self._asked[written] = spot
        return spot
