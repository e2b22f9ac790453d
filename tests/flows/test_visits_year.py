"""A year of check-in visits in a small district, told by the movable clock: staff are ill, a cold wave comes, the
server is down over a first of the month. The test keeps a book of its own, day by day in sets, and counts from it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select

from dispatch.domain.visits.periods import Period, month
from dispatch.domain.visits.tries import Why
from dispatch.domain.visits.visit import Mode, VisitState
from dispatch.models.care import ElderTag
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Household
from dispatch.models.visits import CheckinMonth, CheckinVisit
from dispatch.services.care import groups
from dispatch.services.desk import PageOf
from dispatch.services.register import elders
from dispatch.services.register.elders import Absence
from dispatch.services.visits import coverage, listing, recording, refusing
from dispatch.services.visits.standing import NAMES
from dispatch.services.work import Act
from tests.support.story import Story
from tests.support.visits import cold_wave

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST, LAST = date(2026, 12, 1), date(2027, 11, 30)
DOWN = {date(2027, 2, 20) + timedelta(days=n) for n in range(13)}
"""No clock runs, from before March is made until after its first; the web does, and people write down what they do."""
ILL = {date(2027, 5, 10) + timedelta(days=n) for n in range(21)}
"""Half of the visitors are."""
SURE = {1, 2, 12, 20, 26}
"""Days of the month on which a clock runs: each day would tell no more, and take longer."""
COLD = date(2027, 1, 11)
ELDERS = 40
GROUPS = ("living_alone", "left_behind", "dementia")


def at(day: date, hour: float = 10) -> datetime:
    return (datetime.combine(day, time(0), SHANGHAI) + timedelta(hours=hour)).astimezone(UTC)


@dataclass
class Page:
    """What the book knows of one elder."""

    area: str
    groups: dict[str, tuple[date, date | None]]
    died: date | None = None
    moved: date | None = None
    institution: bool = False
    gone: dict[date, str] = field(default_factory=dict)
    """Whole days of absence."""
    refused: set[date] = field(default_factory=set)
    """Days for which a refusal holds."""
    seen: list[tuple[date, Mode]] = field(default_factory=list)
    met: int = 0

    def days(self, of: Period) -> list[date]:
        end = min((d for d in (self.died, self.moved) if d is not None), default=date.max)
        every = (of.first + timedelta(days=n) for n in range((of.last - of.first).days + 1))
        return [
            day
            for day in every
            if day <= end and any(a <= day and (b is None or day <= b) for a, b in self.groups.values())
        ]

    def groups_on(self, day: date) -> set[str]:
        return {code for code, (a, b) in self.groups.items() if a <= day and (b is None or day <= b)}

    def reason(self, of: Period) -> str | None:
        """Why not counted, by the rules as the product is delivered."""
        days = self.days(of)
        if self.institution:
            return "apart_institution"
        if self.died is not None and self.died in days:
            return "apart_died"
        if all(day in self.gone for day in days):
            return f"apart_{self.gone[days[0]]}"
        return None

    def visited(self, of: Period) -> bool:
        return any(day.month == of.first.month and day.year == of.first.year and m is Mode.HOME for day, m in self.seen)


Book = dict[str, Page]


def count(book: Book, of: Period) -> Counter[str]:
    found: Counter[str] = Counter()
    for page in book.values():
        if not page.days(of):
            continue
        found["listed"] += 1
        found["refused"] += bool(page.refused & set(_calendar(of))) and not page.visited(of)
        reason = page.reason(of)
        if reason is not None:
            found["apart"] += 1
            found[reason] += 1
        else:
            found["counted"] += 1
            found["visited" if page.visited(of) else "open"] += 1
    return found


def _calendar(of: Period) -> list[date]:
    return [of.first + timedelta(days=n) for n in range((of.last - of.first).days + 1)]


class District:
    def __init__(self, story: Story) -> None:
        self.story, self.town, self.centre = story, story.town, story.centre
        self.chance = Random(20261201)
        self.book: Book = {}
        self.ids: dict[str, int] = {}
        self._settle()

    def act(self, day: date, hour: float = 10) -> Act:
        return Act(self.town.actor("boss"), at(day, hour))

    def _settle(self) -> None:
        """Five of the small town, who live alone since November, and the others beside them."""
        with self.centre.database.sessions.begin() as session:
            session.get_one(Elder, self.town.elders["Sun"]).absence_kind = None
            for name, elder_id in self.town.elders.items():
                self.ids[name] = elder_id
                since = session.scalars(select(ElderTag.valid_from).where(ElderTag.elder_id == elder_id)).one()
                self.book[name] = Page("Oak" if name == "Qian" else "Elm", {"living_alone": (since, None)})
            for n in range(len(self.ids), ELDERS):
                self._newcomer(session, n)

    def _newcomer(self, session, n: int) -> None:  # type: ignore[no-untyped-def]
        area = "Elm" if n % 3 else "Oak"
        name = f"E{n:02}"
        place = Household(area_id=self.town.areas[area], address=f"{area} Road {n}", address_short=f"{area} {n}")
        session.add(place)
        session.flush()
        elder = Elder(
            household_id=place.id,
            name=name,
            pinyin=name.lower(),
            initials="e",
            sex="F" if n % 2 else "M",
            birth_date=date(1938 + n % 20, 3, 1),
            phone=f"1390001{n:04}",
            flags=[],
            languages=["zh"],
            service_form="institution" if n == 39 else None,
        )
        session.add(elder)
        session.flush()
        session.add(Contact(elder_id=elder.id, position=0, name="kin", relation="son", phone=f"1370001{n:04}"))
        code = GROUPS[n % 3]
        since = FIRST - timedelta(days=200)
        session.add(
            ElderTag(
                elder_id=elder.id,
                code=code,
                source="community",
                valid_from=since,
                recorded_at=at(since),
                recorded_by="Mei",
            )
        )
        self.ids[name] = elder.id
        self.book[name] = Page(area, {code: (since, None)}, institution=n == 39)

    # -- what happens to people

    def happen(self, day: date) -> None:
        """By a table of dates: joining, leaving, death, moving, absence, return."""
        for name, what in HAPPENS.get(day, ()):
            getattr(self, f"_{what}")(name, day)

    def _dies(self, name: str, day: date) -> None:
        elders.archive(self.centre, self.ids[name], self.act(day), "has died", "died")
        self.book[name].died = day

    def _moves_away(self, name: str, day: date) -> None:
        elders.archive(self.centre, self.ids[name], self.act(day), "to the son", "moved")
        self.book[name].moved = day

    def _moves_west(self, name: str, day: date) -> None:
        home = self.town.households["Qian"]
        elders.change(self.centre, self.ids[name], self.act(day), {}, move_to=home, even_if_double=True)
        self.book[name].area = "Oak"

    def _leaves_the_list(self, name: str, day: date) -> None:
        with self.centre.database.reads() as session:
            tag = session.scalars(select(ElderTag).where(ElderTag.elder_id == self.ids[name])).one()
        groups.end_tag(self.centre, self.ids[name], tag.id, self.act(day), "has moved in with the family")
        self.book[name].groups = {tag.code: (tag.valid_from, day)}

    def _joins(self, name: str, day: date) -> None:
        groups.add_tag(self.centre, self.ids[name], self.act(day), groups.NewTag("empty_nest", "community", day))
        self.book[name].groups["empty_nest"] = (day, None)

    def _hospital(self, name: str, day: date) -> None:
        self._absent(name, day, "hospital")

    def _away(self, name: str, day: date) -> None:
        self._absent(name, day, "away")

    def _absent(self, name: str, day: date, kind: str) -> None:
        elders.set_absence(self.centre, self.ids[name], self.act(day), Absence(kind))
        self.book[name].gone |= {day + timedelta(days=n): kind for n in range(400)}

    def _returns(self, name: str, day: date) -> None:
        elders.set_absence(self.centre, self.ids[name], self.act(day), None)
        self.book[name].gone = {d: kind for d, kind in self.book[name].gone.items() if d < day}

    # -- what visitors do

    def visit(self, day: date) -> None:
        """Who is at work goes to some of those who are due, as the product lists them."""
        if day.weekday() >= 5:
            return
        hands = 1 if day in ILL else 4
        with self.centre.database.reads() as session:
            due = session.execute(
                select(CheckinVisit.id, CheckinVisit.elder_id)
                .where(CheckinVisit.state == "planned", CheckinVisit.first <= day, CheckinVisit.last >= day)
                .order_by(CheckinVisit.tries.desc(), CheckinVisit.last, CheckinVisit.id)
            ).all()
        names = {elder_id: name for name, elder_id in self.ids.items()}
        reachable = [(visit_id, names[e]) for visit_id, e in due if day not in self.book[names[e]].gone]
        if day not in ILL:
            self.chance.shuffle(reachable[8:])
        for n, (visit_id, name) in enumerate(reachable[:hands]):
            self._one(visit_id, name, (day, 9 + n))

    def _one(self, visit_id: int, name: str, when: tuple[date, float]) -> None:
        day, hour = when
        page, luck = self.book[name], self.chance.random()
        if luck < 0.02:
            lasting = luck < 0.01
            no = refusing.No(name, day, lasting)
            refusing.refuse(self.centre, visit_id, self.act(day, hour), no)
            page.refused |= {day + timedelta(days=n) for n in range(91 if lasting else 1)}
            return
        mode = Mode.PHONE if luck > 0.95 else Mode.HOME
        met = not 0.02 <= luck < 0.06
        attempt = recording.Attempt(
            met, mode, at(day, hour), at(day, hour + 0.4), why=Why.KNOWN_AWAY, client_uuid=f"{visit_id}-{day}"
        )
        recording.record(self.centre, visit_id, self.act(day, hour + 0.5), attempt)
        if met:
            page.seen.append((day, mode))
            page.met += 1

    # -- what the board says

    def board(self, of: Period, area: str | None = None) -> tuple[dict[str, int], dict[str, tuple[int, int]]]:
        area_id = None if area is None else self.town.areas[area]
        found = coverage.coverage(self.centre, self.town.actor("boss"), of, area_id, self.story.now)
        by_group = {one["code"]: (one["counted"], one["visited"]) for one in found["by_group"]}
        return {one["code"]: one["count"] for one in found["numbers"]}, by_group

    def listed(self, of: Period, standing: str) -> int:
        wanted = listing.InList(of, standing=standing)
        found = listing.elders(self.centre, self.town.actor("boss"), wanted, PageOf(200, None))
        assert len(found["items"]) == found["total"]
        return int(found["total"])

    def check(self, of: Period) -> Counter[str]:
        """Every number of the board, of the whole town and of each half; each list; each group."""
        for area, names in ((None, {"Elm", "Oak"}), ("East", {"Elm"}), ("West", {"Oak"})):
            mine = {name: page for name, page in self.book.items() if page.area in names}
            numbers, _ = self.board(of, area)
            expected = count(mine, of)
            assert {n: v for n, v in numbers.items() if n not in ("booked", "unbooked")} == {
                n: expected[n] for n in NAMES if n not in ("booked", "unbooked")
            }, f"{of.name} {area}"
        for name in ("listed", "visited", "open", "refused", "apart"):
            assert self.listed(of, name) == count(self.book, of)[name]
        self._check_groups(of)
        return count(self.book, of)

    def _check_groups(self, of: Period) -> None:
        counted, visited = Counter[str](), Counter[str]()
        for page in self.book.values():
            if (days := page.days(of)) and page.reason(of) is None:
                counted.update(page.groups_on(days[-1]))
                visited.update(page.groups_on(days[-1]) if page.visited(of) else ())
        _, by_group = self.board(of)
        assert by_group == {code: (counted[code], visited[code]) for code in by_group}


HAPPENS: dict[date, tuple[tuple[str, str], ...]] = {
    date(2026, 12, 9): (("E07", "dies"),),
    date(2026, 12, 20): (("E08", "hospital"),),
    date(2027, 1, 5): (("E09", "leaves_the_list"), ("E10", "moves_west")),
    date(2027, 2, 3): (("E08", "returns"), ("E11", "away")),
    date(2027, 2, 28): (("E12", "dies"), ("E11", "returns")),
    date(2027, 3, 1): (("E09", "joins"),),
    date(2027, 3, 2): (("E13", "moves_away"),),
    date(2027, 4, 30): (("E14", "joins"), ("E15", "leaves_the_list")),
    date(2027, 5, 31): (("E16", "dies"),),
    date(2027, 7, 1): (("E17", "hospital"),),
    date(2027, 8, 1): (("E17", "returns"),),
    date(2027, 9, 30): (("E18", "away"),),
    date(2027, 10, 12): (("E18", "hospital"),),
    date(2027, 11, 29): (("E19", "moves_away"),),
}


def run(story: Story) -> dict[str, Counter[str]]:
    district, found = District(story), {}
    day = FIRST
    while day <= LAST:
        story.now = at(day, 8)
        if day not in DOWN and (day.day in SURE or day - timedelta(days=1) in DOWN):
            story.clock.cycle(story.now)
        if day == COLD:
            cold_wave(story.town, "East", at(day, 9))
        district.happen(day)
        district.visit(day)
        if (day + timedelta(days=1)).day == 1 or (day.day == 15 and day.month % 4 == 0):
            of = month(f"{day:%Y-%m}")
            if day not in DOWN or day.day != 1:
                found[of.name] = district.check(of)
        day += timedelta(days=1)
    _after(district)
    return found


def _after(district: District) -> None:
    """Nobody was visited twice for one duty, and nobody of any list was forgotten."""
    with district.centre.database.reads() as session:
        visits = session.scalars(select(CheckinVisit)).all()
        months = session.scalars(select(CheckinMonth.month)).all()
    assert len({(v.elder_id, v.period) for v in visits}) == len(visits)
    assert sum(v.state == VisitState.DONE for v in visits) == sum(page.met for page in district.book.values())
    has = defaultdict(set)
    for visit in visits:
        has[visit.period].add(visit.elder_id)
    for name in months:
        of = month(name)
        if not FIRST <= of.first <= LAST:
            continue
        left = {n for n, page in district.book.items() if page.days(of)} - {
            n for n, e in district.ids.items() if e in has[name]
        }
        assert all(_may_have_none(district.book[n], of) for n in left), f"{name}: {left} have no visit"


def _may_have_none(page: Page, of: Period) -> bool:
    gone = min((d for d in (page.died, page.moved) if d is not None), default=date.max)
    return page.institution or gone <= of.last or bool(page.refused & set(_calendar(of)))


def test_a_year_counts_the_same_by_the_board_and_by_hand(story: Story) -> None:
    found = run(story)
    assert len(found) == 12
    assert all(numbers["listed"] > 30 for numbers in found.values())
    assert min(numbers["visited"] / numbers["counted"] for numbers in found.values()) < 1, "somebody was missed"
    assert max(numbers["visited"] / numbers["counted"] for numbers in found.values()) > 0.9
    assert sum(numbers["refused"] for numbers in found.values()) > 0
