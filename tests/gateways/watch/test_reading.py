"""What watches say: frames as they were recorded (numbers made up), in pieces, broken, and no frames at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.signals import SignalKind
from dispatch.gateways.frame import Message
from dispatch.gateways.watch import frames
from dispatch.gateways.watch.frames import Frame, Junk
from dispatch.gateways.watch.memory import AGAIN_AFTER, Memory
from dispatch.gateways.watch.position import Fix
from dispatch.gateways.watch.reading import SAME_WITHIN, Reading, read
from dispatch.gateways.watch.rules import WatchRules

AT = datetime(2026, 11, 25, 8, 18, 30, tzinfo=UTC)
RULES = WatchRules()
CELL = "1,1,460,01,42308,101992452,100"
WIFI = "2,ZKY-A209,88:c3:97:c1:f4:7f,-73,ChinaNet-HNeD,e8:84:c6:21:7c:dc,-77"
SOS = f"AL,251126,081821,A,45.302178,N,130.9664,E,0,0,0,7,100,82,1000,50,00010000,{CELL},{WIFI},12.5"


def frame(content: str | bytes, *, device: str = "8800000015", index: str = "") -> bytes:
    body = content.encode() if isinstance(content, str) else content
    return f"[3G*{device}*{index}{len(body):04X}*".encode() + body + b"]"


def cut(*pieces: bytes) -> list[Frame | Junk]:
    """What a connection finds that brings ``pieces``."""
    found: list[Frame | Junk] = []
    buffer = b""
    for piece in pieces:
        buffer = (buffer + piece).lstrip(frames.BETWEEN)
        while buffer and (one := frames.first(buffer)) is not None:
            found.append(one)
            buffer = buffer[len(one.raw) :].lstrip(frames.BETWEEN)
    return found


def understood(
    content: str | bytes, *, at: datetime = AT, rules: WatchRules = RULES, last: Fix | None = None
) -> Reading:
    (one,) = cut(frame(content))
    assert isinstance(one, Frame)
    return read(one, at, rules, last)


def alarm(status: str, kind: str = "AL") -> list[SignalKind]:
    return [one.kind for one in understood(SOS.replace("00010000", status).replace("AL", kind, 1)).events]


def test_an_alarm_says_who_what_when_and_where() -> None:
    (message,) = understood(SOS).events
    assert (message.device, message.kind) == ("8800000015", SignalKind.SOS)
    assert message.occurred_at == datetime(2026, 11, 25, 8, 18, 21, tzinfo=UTC)
    assert message.data == {
        "code": "AL sos",
        "lat": 45.302178,
        "lon": 130.9664,
        "fix": "gps",
        "fixed_at": "2026-11-25T08:18:21+00:00",
        "satellites": 7,
        "reception": 100,
        "battery": 82,
        "steps": 1000,
        "status": "00010000",
        "masts": "460-01 42308:101992452 100",
        "wifi": "88:c3:97:c1:f4:7f -73; e8:84:c6:21:7c:dc -77",
    }


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        ("00010000", [SignalKind.SOS]),
        ("00010008", [SignalKind.SOS]),
        ("00200010", [SignalKind.FALL]),
        ("00600000", [SignalKind.FALL]),
        ("00210000", [SignalKind.SOS, SignalKind.FALL]),
        ("00020000", [SignalKind.LOW_BATTERY]),
        ("0001", [SignalKind.LOW_BATTERY]),
        ("00030001", [SignalKind.SOS, SignalKind.LOW_BATTERY]),
        ("00040000", [SignalKind.WANDERING]),
        ("0002", [SignalKind.WANDERING]),
        ("00080000", [SignalKind.RESTORE]),
        ("00100008", [SignalKind.FAULT]),
        ("00004000", [SignalKind.FAULT]),
        # An alarm frame without a reason that we know is somebody's alarm.
        ("00000000", [SignalKind.SOS]),
        ("80000000", [SignalKind.SOS]),
        ("", [SignalKind.SOS]),
        ("xyz", [SignalKind.SOS]),
    ],
)
def test_every_bit_has_its_meaning(status: str, kinds: list[SignalKind]) -> None:
    assert alarm(status) == kinds


@pytest.mark.parametrize("kind", ["AL", "AL_LTE", "AL_WCDMA", "ALCUSTOMER1", "al"])
def test_an_alarm_by_any_other_name(kind: str) -> None:
    assert alarm("00010000", kind) == [SignalKind.SOS]


@pytest.mark.parametrize(
    "content", ["AL", "AL,", "AL,,,,,,,", "AL,2511", "AL," + "," * 500, b"AL,\xff\x00\xfe", "AL,一"]
)
def test_an_alarm_of_which_nothing_else_can_be_read_is_an_alarm(content: str | bytes) -> None:
    reading = understood(content)
    assert [one.kind for one in reading.events] == [SignalKind.SOS]
    assert reading.reply == "AL"


def test_a_copy_has_the_same_name_and_the_next_press_another() -> None:
    first, copy = understood(SOS).events[0], understood(SOS, at=AT + timedelta(minutes=2)).events[0]
    assert first.event_id is not None
    assert first.event_id == copy.event_id
    for other in (SOS.replace("081821", "081822"), SOS.replace(",82,", ",81,"), SOS.replace("00010000", "00200000")):
        assert understood(other).events[0].event_id not in (None, first.event_id)


@pytest.mark.parametrize("off", [SAME_WITHIN + timedelta(minutes=1), timedelta(days=2000)])
def test_a_clock_that_stands_still_hides_no_second_press(off: timedelta) -> None:
    for at in (AT + off, AT - off):
        (message,) = understood(SOS, at=at).events
        assert message.event_id is None
        assert message.occurred_at == datetime(2026, 11, 25, 8, 18, 21, tzinfo=UTC)


def test_watches_that_count_in_local_time_are_told_apart_by_configuration() -> None:
    local = WatchRules.load({"timezone": "Asia/Shanghai"})
    assert local.zone == ZoneInfo("Asia/Shanghai")
    moment = understood(SOS, rules=local).events[0].occurred_at
    assert moment == datetime(2026, 11, 25, 0, 18, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spot", "wanted"),
    [
        ("A,22.57,N,113.86,E", (22.57, 113.86)),
        ("A,16.47,S,68.11,W", (-16.47, -68.11)),
        ("A,-33.48,N,-70.76,E", (-33.48, -70.76)),
        ("A,9.95,N,-84.14,W", (9.95, -84.14)),
        ("A,48.77,N, 9.15,E", (48.77, 9.15)),
        ("A,16.47,S,68.11,", (-16.47, 68.11)),
        ("A,0.0,N,0.0,E", None),
        ("A,91.0,N,10.0,E", None),
        ("A,nan,N,10.0,E", None),
        ("A,1e5,N,10.0,E", None),
        ("A,٤٥.3,N,10.0,E", None),
    ],
)
def test_degrees_have_a_sign_a_letter_or_both(spot: str, wanted: tuple[float, float] | None) -> None:
    data = understood(SOS.replace("A,45.302178,N,130.9664,E", spot)).events[0].data
    assert (wanted is None and "lat" not in data) or (data["lat"], data["lon"]) == wanted


def test_without_satellites_the_last_known_place_is_told_with_its_time() -> None:
    nowhere = SOS.replace("A,45.302178,N,130.9664,E", "V,00.000000,N, 0.0000000,E")
    assert "lat" not in understood(nowhere).events[0].data
    data = understood(nowhere, last=Fix(45.3, 130.9, AT - timedelta(minutes=20))).events[0].data
    assert (data["lat"], data["lon"], data["fix"]) == (45.3, 130.9, "last")
    assert data["fixed_at"] == "2026-11-25T07:58:30+00:00"
    guessed = understood(SOS.replace(",A,", ",V,"), last=Fix(1, 1, AT)).events[0].data
    assert (guessed["lat"], guessed["fix"]) == (45.302178, "estimate")
    assert "fixed_at" not in guessed


@pytest.mark.parametrize(
    ("content", "data"),
    [
        ("heart,71", {"heart_rate": 71}),
        ("PULSE,72", {"heart_rate": 72}),
        ("BLOOD,109,68", {"systolic": 109, "diastolic": 68}),
        ("bphrt,120,79,73,,,,", {"systolic": 120, "diastolic": 79, "heart_rate": 73}),
        ("btemp2,1,36.29", {"temperature": 36.29}),
        ("oxygen,0,97", {"spo2": 97}),
        ("heart,0", {}),
        ("btemp2,0,", {}),
        ("btemp2,1", {}),
        ("bphrt,,,", {}),
        ("heart,9999", {}),
        ("heart,seventy", {}),
    ],
)
def test_a_measurement_within_its_limits_pages_nobody(content: str, data: dict[str, float]) -> None:
    reading = understood(content)
    assert not reading.events
    assert not reading.states
    assert reading.beat is not None
    assert {name: value for name, value in reading.beat.data.items() if name != "code"} == data


@pytest.mark.parametrize(
    "content", ["heart,140", "heart,38", "BLOOD,190,80", "bphrt,120,120,70", "btemp2,1,39.2", "oxygen,0,82"]
)
def test_a_measurement_outside_of_them_is_an_alarm(content: str) -> None:
    (message,) = understood(content).states.values()
    assert message.kind is SignalKind.VITALS
    assert message.data["outside"] in message.data


def test_limits_and_meanings_are_configured() -> None:
    rules = WatchRules.load({"limits": {"heart_rate": [50, 160]}, "alarms": {"taken_off": "inactivity"}})
    assert not understood("heart,150", rules=rules).states
    assert understood(SOS.replace("00010000", "00100000"), rules=rules).events[0].kind is SignalKind.INACTIVITY
    for wrong in (
        {"limits": {"heart": [1, 2]}},
        {"alarms": {"x": "sos"}},
        {"alarms": {"sos": "x"}},
        {"limits": {"spo2": [9, 1]}},
    ):
        with pytest.raises(ValueError, match=r"a watch has no|is not a valid|not below"):
            WatchRules.load(wrong)


@pytest.mark.parametrize(
    ("content", "reply", "battery"),
    [
        ("LK", "LK", None),
        ("LK,0,100", "LK", None),
        ("LK,0,10,88", "LK", 88),
        ("LK,0,10,200", "LK", None),
        ("INIT,1,2", "INIT,1", None),
        ("TKQ", "TKQ", None),
        ("TK,#!AMR...", "TK,0", None),
        ("CONFIG,TY:g36a", None, None),
        ("UD,x", None, None),
    ],
)
def test_what_is_no_alarm_is_a_sign_of_life(content: str, reply: str | None, battery: int | None) -> None:
    reading = understood(content)
    assert reading.reply == reply
    assert reading.beat is not None
    assert reading.beat.kind is SignalKind.HEARTBEAT
    assert reading.beat.data.get("battery") == battery


def test_answers_have_the_form_of_the_question() -> None:
    plain, indexed = cut(frame("LK"), frame("LK", device="014111001350304", index="0033*"))
    assert isinstance(plain, Frame)
    assert isinstance(indexed, Frame)
    assert frames.answer(plain, "LK") == b"[3G*8800000015*0002*LK]"
    assert frames.answer(indexed, "AL") == b"[3G*014111001350304*0033*0002*AL]"


# What networks and makers do to frames


def test_frames_come_in_pieces_and_several_at_once() -> None:
    stream = frame("LK,0,10,90") + frame(SOS, index="0001*") + b"\r\n" + frame("heart,70")
    whole = cut(stream)
    assert [one.kind for one in whole if isinstance(one, Frame)] == ["LK", "AL", "HEART"]
    assert cut(*(stream[i : i + 1] for i in range(len(stream)))) == whole


@pytest.mark.parametrize("wrong", [-20, -1, 1, 300])
def test_an_alarm_with_a_wrong_length_is_heard_at_once(wrong: int) -> None:
    """The real one behind it too."""
    broken = f"[3G*8800000015*{max(len(SOS) + wrong, 0):04X}*{SOS}]".encode()
    assert [one.kind for one in cut(broken) if isinstance(one, Frame)] == ["AL"]
    kinds = [one.kind for one in cut(broken + frame("LK")) if isinstance(one, Frame)]
    assert kinds == ["AL", "LK"]
    (first, *_) = cut(broken)
    assert isinstance(first, Frame)
    assert not first.right_length
    assert read(first, AT, RULES).events[0].data["wrong_length"] is True


@pytest.mark.parametrize(
    "sound", [b"\x7d\x5b\x5d\x2c\x2a\xff", b"#!AMR\x00]]][[[3G*", b"#!AMR\x7d\x03\x7d\x02", b"]" * 300]
)
def test_sound_holds_any_byte_and_ends_where_it_says(sound: bytes) -> None:
    stream = frame(b"TK," + sound) + frame("LK")
    for pieces in ((stream,), (stream[:30], stream[30:])):
        assert [(one.kind, one.right_length) for one in cut(*pieces) if isinstance(one, Frame)] == [
            ("TK", True),
            ("LK", True),
        ]


def test_sound_with_a_wrong_length_costs_itself_alone() -> None:
    escaped = b"#!AMR\x7d\x03\x7d\x02\x7d\x01"
    broken = b"[3G*8800000015*0005*TK," + escaped + b"]"
    tk, al = cut(broken + frame(SOS))
    assert isinstance(tk, Frame)
    assert isinstance(al, Frame)
    assert tk.body == b"#!AMR][}"
    assert al.kind == "AL"


@pytest.mark.parametrize(
    "rubbish",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"]]]]",
        b"[[[[",
        b"[3G*]",
        b"[3G*88*ZZZZ*LK]",
        b"*" * 90,
        b"[" + b"3" * 50,
    ],
)
def test_rubbish_is_told_and_the_alarm_behind_it_heard(rubbish: bytes) -> None:
    found = cut(rubbish + frame(SOS))
    assert isinstance(found[0], Junk)
    assert isinstance(found[-1], Frame)
    assert b"".join(one.raw for one in found).replace(b"\r\n", b"") == (rubbish + frame(SOS)).replace(b"\r\n", b"")


PIECES = st.one_of(
    st.binary(max_size=80),
    st.sampled_from(
        [frame("LK"), frame(SOS), frame("TK,]["), b"[3G*8800000015*", b"[3G*8800000015*FFFF*AL,", b"]", b"["]
    ),
    st.text(max_size=40).map(lambda words: frame("AL," + words)),
    st.lists(st.one_of(st.text(max_size=8), st.integers().map(str), st.floats().map(str)), max_size=40).map(
        lambda values: frame(f"UD,{','.join(values)}")
    ),
)


@given(st.lists(PIECES, max_size=12), st.sampled_from(["UD", "AL", "heart", "bphrt", "LK", "btemp2", "WT"]))
def test_no_bytes_end_it(pieces: list[bytes], kind: str) -> None:
    memory = Memory()
    for one in cut(*pieces):
        if isinstance(one, Junk):
            continue
        reading = read(one, AT, RULES, memory.last_fix(one.device))
        assert reading.events if one.kind.startswith("AL") else not reading.events
        for message in memory.news(one.device, reading, AT):
            assert "\0" not in repr(message.data)
        memory.stored(one.device, reading, AT)


@given(st.binary(max_size=300))
def test_whatever_came_before_an_alarm_does_not_hide_it(before: bytes) -> None:
    """But for a frame that has begun and says that the alarm is a part of it: then its time runs out."""
    found = cut(before, b"]" + frame(SOS) + frame(SOS))
    promised = frames.HEADER.search(before + b"]")
    assert promised or any(isinstance(one, Frame) and one.kind == "AL" for one in found)


# What is news


UD = "UD,251126,081821,V,45.3,N,130.9,E,0,0,0,7,100,82,1000,50,{},0,0,,"


def told(memory: Memory, content: str, at: datetime = AT) -> list[Message]:
    reading = understood(content, at=at)
    news = memory.news("8800000015", reading, at)
    memory.stored("8800000015", reading, at)
    return news


def kinds(news: list[Message]) -> list[str]:
    return [one.kind.value for one in news]


def test_a_state_is_news_when_it_begins_and_each_half_hour() -> None:
    memory = Memory()
    assert kinds(told(memory, UD.format("00000000"))) == ["heartbeat"]
    assert kinds(told(memory, UD.format("00020000"))) == ["low_battery"]
    assert kinds(told(memory, UD.format("00020000"))) == ["heartbeat"]
    assert kinds(told(memory, UD.format("00210000"))) == ["sos", "fall"]
    assert kinds(told(memory, UD.format("00000000"))) == ["heartbeat"]
    assert kinds(told(memory, UD.format("00010000"))) == ["sos"]
    later = AT + AGAIN_AFTER
    assert kinds(told(memory, UD.format("00010000"), later)) == ["sos"]
    assert kinds(told(memory, "heart,150", later)) == ["vitals"]
    assert kinds(told(memory, "heart,155", later)) == ["heartbeat"]
    assert kinds(told(memory, "heart,80", later)) == ["heartbeat"]
    assert kinds(told(memory, "heart,150", later)) == ["vitals"]


def test_an_alarm_frame_is_news_every_time() -> None:
    memory = Memory()
    for _ in range(3):
        assert kinds(told(memory, SOS)) == ["sos"]


def test_what_could_not_be_stored_is_news_the_next_time_too() -> None:
    memory = Memory()
    reading = understood("heart,150")
    assert kinds(memory.news("8800000015", reading, AT)) == ["vitals"]
    assert kinds(memory.news("8800000015", reading, AT)) == ["vitals"]


def test_the_last_place_is_the_newest_one_and_not_the_one_that_came_last() -> None:
    memory = Memory()
    for time in ("081821", "071821"):
        told(memory, UD.replace(",V,", ",A,").replace("081821", time).format("0"))
    fix = memory.last_fix("8800000015")
    assert fix is not None
    assert fix.at.hour == 8


def test_made_up_numbers_push_out_old_ones_only() -> None:
    memory = Memory(most=3)
    for number in range(10):
        memory.stored(str(number), understood("heart,150"), AT)
    remembered = [n for n in range(10) if kinds(memory.news(str(n), understood("heart,150"), AT)) == ["heartbeat"]]
    assert remembered == [7, 8, 9]
