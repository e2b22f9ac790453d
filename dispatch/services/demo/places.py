"""The invented district: 银杏区 in the city of 银铃市, with its sub-districts, communities, grids and streets."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from sqlalchemy.orm import Session

from dispatch.models.places import Area, Household, add_area
from dispatch.services.demo.names import words

CITY, DISTRICT = "银铃市", "银杏区"
SUBDISTRICTS = {
    "梧桐街道": ("松涛社区", "柳荫社区", "明月社区", "春晓社区"),
    "白桦街道": ("和安社区", "锦绣社区", "书院社区", "迎晖社区"),
    "丁香街道": ("紫藤社区", "听雨社区", "长青社区", "桂香社区"),
    "青松街道": ("松风社区", "望山社区", "石桥社区", "泉水社区"),
    "红枫街道": ("枫林社区", "晚晴社区", "映山社区", "康乐社区"),
    "柳河街道": ("河畔社区", "渡口社区", "苇塘社区", "荷风社区"),
}
STREETS = words("柳荫路 银杏大道 和平巷 长青街 书院路 听雨巷 迎晖路 晚晴路 荷风街 石桥路 桂香里 望山路")
GRIDS = "一二三"
CENTRE = (46.21, 130.47)
"""Middle of the invented district; homes lie within some kilometres of it."""


@dataclass(frozen=True)
class Place:
    grid: Area
    street: str
    lat: float
    lon: float


@dataclass(frozen=True)
class District:
    city: Area
    places: tuple[Place, ...]
    """One for each grid."""


def build(session: Session, chance: Random) -> District:
    """Insert the tree of areas. Codes begin with 99, which no real place has."""
    city = add_area(session, Area(code="990100000000", level=2, name=CITY, lat=CENTRE[0], lon=CENTRE[1]))
    district = _below(session, city, "990101000000", DISTRICT, lat=CENTRE[0], lon=CENTRE[1])
    places: list[Place] = []
    for number, (name, communities) in enumerate(SUBDISTRICTS.items(), 1):
        # Streets lie from south to north, each a little further west or east, as along a river.
        row = CENTRE[0] + (number - 3.5) * 0.012
        aside = CENTRE[1] + (number % 3 - 1) * 0.02
        subdistrict = _below(session, district, f"990101{number:03d}000", name, lat=row, lon=aside)
        for order, community_name in enumerate(communities, 1):
            lat = CENTRE[0] + (number - 3.5) * 0.012 + chance.uniform(-0.004, 0.004)
            lon = CENTRE[1] + (order - 2.5) * 0.018 + chance.uniform(-0.006, 0.006)
            code = f"990101{number:03d}{order:03d}"
            community = _below(session, subdistrict, code, community_name, lat=lat, lon=lon)
            street = STREETS[(number * 4 + order) % len(STREETS)]
            for count, which in enumerate(GRIDS, 1):
                grid_name = f"{community_name.removesuffix('社区')}第{which}网格"
                grid = _below(session, community, f"{code}{count:02d}", grid_name, lat=lat, lon=lon)
                places.append(Place(grid, street, lat, lon))
    return District(city, tuple(places))


def _below(
    session: Session, parent: Area, code: str, name: str, *, lat: float | None = None, lon: float | None = None
) -> Area:
    area = Area(code=code, level=parent.level + 1, parent_id=parent.id, name=name, lat=lat, lon=lon)
    return add_area(session, area)


def home(chance: Random, place: Place) -> Household:
    """A flat somewhere in the grid."""
    number, block, unit = chance.randint(1, 88), chance.randint(1, 12), chance.randint(1, 4)
    flat = f"{chance.randint(1, 6)}0{chance.randint(1, 3)}"
    doors = (
        f"单元门密码 {chance.randint(1000, 9999)}",
        "一楼门卫有备用钥匙",
        f"钥匙盒在门框右侧，密码 {chance.randint(1000, 9999)}",
        "门铃坏了，请敲门",
        "楼道灯不亮，请带手电",
    )
    return Household(
        area_id=place.grid.id,
        address=f"{CITY}{DISTRICT}{place.street}{number}号{block}幢{unit}单元{flat}室",
        address_short=f"{place.street}{number}号{block}幢{unit}-{flat}",
        lat=round(place.lat + chance.uniform(-0.003, 0.003), 6),
        lon=round(place.lon + chance.uniform(-0.003, 0.003), 6),
        access_notes=chance.choice(doors) if chance.random() < 0.55 else None,
    )
