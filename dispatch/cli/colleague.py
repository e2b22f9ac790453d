"""The robot at the second desk of the demo: it decides from the rows alone, so a restart forgets nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dispatch.services.demo.names import HEROINE, words

Row = dict[str, Any]
FEW, MANY = 6, 14
"""Open cases that the demo stays between."""
PATIENCE = 20.0
"""Seconds that the robot lets a case wait; every second case is left to the visitor for longer."""
VISITORS = {1: 90.0, 2: 180.0, 3: 300.0, 4: 900.0}
"""By priority, seconds after which the robot also takes what was left to the visitor."""
HEROINES = 900.0
"""As long for 王桂英's: nobody sits at the desk any more."""
STILL_ON_IT = 100.0
"""An urgent case whose owner says nothing for 180 s asks for its owner."""
NOTES = words(
    "已与老人通话，意识清楚 已联系家属，正在赶来 邻居已上门查看 正在核实现场情况 老人情绪平稳，继续陪聊 已通知网格员"
)
ENDS = {
    "sos": ("false_alarm", "talk", "helped_on_site", "test"),
    "fall": ("helped_on_site", "false_alarm", "ambulance"),
    "smoke": ("false_alarm", "helped_on_site"),
    "gas": ("false_alarm", "helped_on_site"),
    "call": ("information_given", "talk"),
    "request": ("information_given", "helped_on_site"),
}
OTHER_ENDS = ("false_alarm", "helped_on_site", "information_given")


@dataclass(frozen=True)
class Move:
    """A command of the console: ``POST /cases/{case_id}/{act}`` with ``body``."""

    case_id: str
    act: str
    body: dict[str, Any] = field(default_factory=dict)


def share(case_id: str, what: str) -> float:
    """A number in [0, 1) that belongs to this case and question for ever."""
    digest = hashlib.blake2b(f"{case_id}:{what}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def moves(rows: list[Row], me: str, now: datetime, speed: float = 1.0) -> Iterator[Move]:
    """What the robot does now about the open cases; one case at most is taken at a time, as by a person."""
    yield from (move for row in rows if (move := _about_mine(row, me, now, speed)) is not None)
    waiting = [row for row in rows if row["state"] == "new" and row["held_until"] is None]
    for row in sorted(waiting, key=lambda row: (row["priority"], row["waiting_since"])):
        if _age(row["waiting_since"], now) * speed > _patience(row, len(rows)):
            yield Move(row["id"], "take")
            return


def _patience(row: Row, open_cases: int) -> float:
    if row["elder"] and row["elder"]["name"] == HEROINE:
        return HEROINES
    left_to_visitor = share(row["id"], "visitor") < 0.5 and open_cases < MANY - 2
    return VISITORS[row["priority"]] if left_to_visitor else PATIENCE


def _about_mine(row: Row, me: str, now: datetime, speed: float) -> Move | None:
    """Note and close what the robot owns, and make the return calls that are overdue."""
    silent = _age(row["last_event"]["at"], now) * speed
    if row["state"] == "pending_follow_up":
        overdue = row["next_due_at"] is None and silent > 60
        return Move(row["id"], "follow-up", {"result": "satisfied", "text": "回访老人，情况良好"}) if overdue else None
    if not row["owner"] or row["owner"]["id"] != me or row["held_until"] is not None:
        return None
    held_for = _age(row["owner"]["since"], now) * speed
    if held_for > _works_for(row):
        return Move(row["id"], "close", _ending(row, now, speed))
    noted = row["last_event"]["kind"] == "note"
    if held_for > 12 + 20 * share(row["id"], "note") and (not noted or silent > STILL_ON_IT):
        number = int(share(row["id"], f"{row['version']}") * len(NOTES))
        return Move(row["id"], "notes", {"text": NOTES[number]})
    return None


def _works_for(row: Row) -> float:
    """One to three minutes on what is urgent, up to six on the rest."""
    chance = share(row["id"], "works")
    return 60 + 120 * chance if row["priority"] <= 2 else 120 + 240 * chance


def _ending(row: Row, now: datetime, speed: float) -> dict[str, Any]:
    ends = ENDS.get(row["cause"], OTHER_ENDS)
    body: dict[str, Any] = {"outcome": ends[int(share(row["id"], "end") * len(ends))], "text": "已处理完毕，老人平安"}
    body["script_reason"] = "现场已有人，不必再问"  # needed only where mandatory questions are open
    if share(row["id"], "back") < 0.15:
        back = now + timedelta(minutes=(5 + 10 * share(row["id"], "when")) / speed)
        body["follow_up_at"] = back.isoformat()
    return body


def _age(stamp: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(stamp)).total_seconds()
