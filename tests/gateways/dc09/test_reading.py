"""SIA DC-09 as transmitters really send it: public frames, their quirks, and what an attacker would send."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.signals import SignalKind
from dispatch.gateways.dc09 import cipher, codes, content, frames
from dispatch.gateways.dc09.content import Event
from dispatch.gateways.dc09.frames import Frame, Unreadable

MEDICAL = b'\n8F2F0039"SIA-DCS"0001R1L1#1234[#1234|Nti20:53:02MA3|ASOS bedroom]\r'
CONTACT_ID = b'\n8B580029"ADM-CID"0002R1L1#1234[#1234|1100 01 003]\r'
NULL = b'\n21A30015"NULL"0000R1L1#1234[]\r'
WRONG_LENGTH = b'\n97F90078"SIA-DCS"6002L0#AAA[|Nri2/JC12]_12:58:23,09-15-2021\r'


def frame(body: str, *, binary: bool = False) -> bytes:
    return frames.written(body, binary=binary)


def understood(raw: bytes) -> tuple[Frame, list[Event]]:
    buffer = bytearray(raw)
    message = frames.cut(buffer)
    assert message == raw
    assert not buffer
    found = frames.read(message)
    return found, content.events(found.token, content.read(found.content))


@pytest.mark.parametrize(
    ("raw", "account", "kind", "data"),
    [
        (MEDICAL, "1234", "sos", {"code": "MA", "zone": "3", "text": "SOS bedroom", "device_time": "20:53:02"}),
        (CONTACT_ID, "1234", "sos", {"code": "100", "qualifier": 1, "area": "01", "zone": "003"}),
        (NULL, "1234", "heartbeat", {}),
        (WRONG_LENGTH, "AAA", "restore", {"code": "JC", "zone": "12", "area": "2"}),
        (
            b'\n57150047"ADM-CID"0247R4F39L4F39#4F39[#4F39|3401 01 057]\r',
            "4F39",
            "heartbeat",
            {"code": "401", "qualifier": 3, "area": "01", "zone": "057"},
        ),
        (
            b'\n87570078"SIA-DCS"6002L0#AAA[|Nri1/CL501][M0026B9E4268B]_14:12:04,09-25-2019\r',
            "AAA",
            "heartbeat",
            {"code": "CL", "zone": "501", "area": "1"},
        ),
    ],
)
def test_public_frames(raw: bytes, account: str, kind: str, data: dict[str, object]) -> None:
    found, events = understood(raw)
    assert found.account == account
    assert [(event.kind, event.data) for event in events] == [(SignalKind(kind), data)]


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (
            "#123456|Nri1CL0^VX FRONTE ^",
            [("heartbeat", {"code": "CL", "zone": "0", "area": "1", "zone_text": "VX FRONTE"})],
        ),
        (
            "#123456|Nri0KR1^TAST. 001 ^",
            [("restore", {"code": "KR", "zone": "1", "area": "0", "zone_text": "TAST. 001"})],
        ),
        ("#12345A|NFA129", [("smoke", {"code": "FA", "zone": "129"})]),
        ("|Nri1/RP000", [("heartbeat", {"code": "RP", "zone": "000", "area": "1"})]),
        (
            "#1|Nri1/MA1/GA2",
            [("sos", {"code": "MA", "zone": "1", "area": "1"}), ("gas", {"code": "GA", "zone": "2", "area": "1"})],
        ),
        ("#1|NNA4", [("inactivity", {"code": "NA", "zone": "4"})]),
        ("#1|NTA9", [("fault", {"code": "TA", "zone": "9", "tamper": True})]),
        ("#1|NXT7", [("low_battery", {"code": "XT", "zone": "7"})]),
        ("#1|NRX0", [("test", {"code": "RX", "zone": "0"})]),
        ("#1|AShe does not open", [("sos", {"text": "She does not open"})]),
    ],
)
def test_what_stands_inside(inside: str, said: list[tuple[str, dict[str, object]]]) -> None:
    _, events = understood(frame(f'"SIA-DCS"0001L0#1[{inside}]'))
    assert [(event.kind.value, event.data) for event in events] == said


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("1101 00 001", "sos"),
        ("6101 00 001", "sos"),
        ("3101 00 001", "restore"),
        ("1102 00 001", "inactivity"),
        ("1110 00 129", "smoke"),
        ("1111 00 001", "smoke"),
        ("1151 00 001", "gas"),
        ("1154 00 001", "water"),
        ("1162 00 001", "co"),
        ("1301 00 000", "fault"),
        ("3301 00 000", "restore"),
        ("1384 00 005", "low_battery"),
        ("3384 00 005", "restore"),
        ("1602 00 000", "heartbeat"),
        ("1601 00 000", "test"),
        ("1406 00 001", "cancel"),
        ("1131 00 001", "door"),
    ],
)
def test_contact_id(data: str, kind: str) -> None:
    _, events = understood(frame(f'"ADM-CID"0001L0#1[#1|{data}]'))
    assert [event.kind.value for event in events] == [kind]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ('"SIA-DCS"0001L0#1[#1|NZ]', "DUH"),
        ('"SIA-DCS"0001L0#1[#1|NQQ1]', "DUH"),
        ('"SIA-DCS"0001L0#1[#1|hello]', "DUH"),
        ('"ADM-CID"0001L0#1[#1|9100 00 001]', "DUH"),
        ('"ADM-CID"0001L0#1[#1|1999 00 001]', "DUH"),
        ('"SIA-DCS"0001L0#1[#1|NMA1', "DUH"),
        ('"SIA-DC7"0001L0#1[#1|NMA1]', "DUH"),
        ('"SIA-DCS"1L0#1[#1|NMA1]', "NAK"),
        ("hello", "NAK"),
    ],
)
def test_what_is_not_understood_hears_so(body: str, answer: str) -> None:
    with pytest.raises(Unreadable) as fault:
        understood(frame(body) if body.startswith('"') else frame(f'"{body}'))
    assert fault.value.answer == answer


def test_a_wrong_checksum_and_a_wrong_length_when_it_matters_are_not_answered() -> None:
    for raw, strict in ((MEDICAL.replace(b"bedroom", b"kitchen"), False), (WRONG_LENGTH, True)):
        with pytest.raises(Unreadable) as fault:
            frames.read(raw, strict_length=strict)
        assert not fault.value.answer
    assert frames.read(WRONG_LENGTH).length_is_wrong


def test_a_position_is_degrees() -> None:
    read = content.read("#1|Nri1/PA501][X006E07.7777777][Y49N06.6666666][H20:45:00,04-22-2021]_20:45:46,04-22-2021")
    assert read.further == {"lon": 6.12963, "lat": 49.111111}
    assert read.happened_at == datetime(2021, 4, 22, 20, 45, tzinfo=UTC)
    assert read.sent_at == datetime(2021, 4, 22, 20, 45, 46, tzinfo=UTC)
    assert content.read("#1|NMA1][X5.9699][Y52.21][Knever shown][B70]").further == {
        "lon": 5.9699, "lat": 52.21, "battery": 70
    }  # fmt: skip
    assert content.read("#1|NMA1][Xnan][Y1e999][B101][B٣]_99:99:99,99-99-9999").further == {}


def test_frames_come_in_pieces_together_and_with_rubbish_before_them() -> None:
    buffer = bytearray()
    found = []
    for byte in b"\r\nGET / HTTP/1.1\r\n" + MEDICAL + CONTACT_ID + b"  " + NULL:
        buffer.append(byte)
        while (message := frames.cut(buffer)) is not None:
            found.append(message)
    read = [message for message in found if frames.HEAD.search(message)]
    assert [message.strip() for message in read] == [MEDICAL.strip(), CONTACT_ID.strip(), NULL.strip()]
    assert not buffer


@given(st.integers(0, 9999), st.text("ABCDEFabcdef 0123456789", max_size=40))
def test_a_checksum_of_two_bytes_may_hold_any_bytes(sequence: int, text: str) -> None:
    raw = frame(f'"SIA-DCS"{sequence:04}L0#1[#1|NMA1|A{text}]', binary=True)
    buffer = bytearray()
    found = []
    for byte in raw + raw:
        buffer.append(byte)
        if (message := frames.cut(buffer)) is not None:
            found.append(message)
    assert found == [raw, raw]
    assert frames.read(raw).binary


def test_a_heartbeat_of_osborne_hoffman_is_found() -> None:
    buffer = bytearray(b"SR0001L0001    006969XX    [ID00000000]\r")
    message = frames.cut(buffer)
    assert message is not None
    assert frames.HEARTBEAT.search(message)["account"] == b"006969XX"  # type: ignore[index]


@pytest.mark.parametrize("size", [16, 24, 32])
@given(text=st.text(st.characters(max_codepoint=255, exclude_characters="[]|"), max_size=80))
def test_what_is_sealed_opens_with_its_key_alone(size: int, text: str) -> None:
    key, other = bytes(range(size)), bytes(range(1, size + 1))
    sealed = cipher.sealed(text, key)
    assert cipher.opened(sealed, key) == text
    with suppress(Unreadable):
        assert cipher.opened(sealed, other) != text


def test_keys_are_digits_or_text() -> None:
    assert cipher.key_of("A" * 16) == b"A" * 16
    assert cipher.key_of("0f" * 24) == b"\x0f" * 24
    assert cipher.key_of("text:" + "A" * 32) == b"A" * 32
    assert cipher.key_of("Z" * 32) == b"Z" * 32
    with pytest.raises(ValueError, match="account 1234"):
        cipher.keys_of({"1234": "too short"})


def test_every_code_of_the_tables_is_a_signal() -> None:
    assert all(isinstance(codes.of_sia(code), SignalKind) for code in codes.SIA)
    assert codes.of_sia("BA") is SignalKind.DOOR
    assert codes.of_sia("MH") is codes.of_sia("MR") is SignalKind.RESTORE
    assert codes.of_sia("QC") is SignalKind.CANCEL
    assert codes.of_sia("ZX") is SignalKind.TEST
    assert codes.of_sia("Q1") is None
