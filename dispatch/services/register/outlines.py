"""The outlines of areas that the map draws: one file, checked before it is published, and kept beside the database."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from dispatch.domain.geojson import outlines
from dispatch.models.places import Area
from dispatch.services.centre import Centre

FILE = "outlines.geojson"
NONE = b'{"type": "FeatureCollection", "features": []}'


@dataclass(frozen=True)
class Published:
    body: bytes
    etag: str


def published(centre: Centre) -> Published:
    """An empty collection where nothing was published."""
    path = centre.data_dir / FILE
    body = path.read_bytes() if path.exists() else NONE
    return Published(body, hashlib.sha256(body).hexdigest()[:16])


def check(centre: Centre, source: Path) -> tuple[dict[str, Any], list[str]]:
    """What would be published, and the codes that are no area of this centre. Raises ``ValueError``."""
    found = outlines(json.loads(source.read_text("utf-8")))
    with centre.database.reads() as session:
        known = set(session.scalars(select(Area.code).where(Area.code.is_not(None))))
    codes = [one["properties"]["code"] for one in found["features"]]
    return found, [str(code) for code in codes if code and str(code) not in known]


def publish(centre: Centre, found: dict[str, Any]) -> None:
    """Whole or not at all: a map that reads at this moment gets the old one or the new one."""
    path = centre.data_dir / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(found, ensure_ascii=False, separators=(",", ":")), "utf-8")
    new.replace(path)
