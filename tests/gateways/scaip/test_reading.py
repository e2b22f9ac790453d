"""SCAIP as units send it: every variant that was seen, what is wrong with some, and what an attacker would send."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import fromstring
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.signals import SignalKind
from dispatch.gateways.scaip import codes, mrq, sip
from dispatch.gateways.scaip.mrq import Asked, Voice, answered, read

NOBODY = Voice()
SOS = "<ref>ab12</ref><cid>26317</cid><dty>0003</dty><stc>0010</stc>"


def asked(inside: str | bytes, caller: str = "26317") -> Asked:
    body = inside.encode() if isinstance(inside, str) else inside
    return read(b"<mrq>" + body + b"</mrq>", caller)


def kind(inside: str) -> SignalKind:
    message = asked(inside).message
    assert message is not None
    return message.kind


@pytest.mark.parametrize(
    "inside",
    [
        SOS,
        "<ref>R1</ref><cha>0</cha><mty>ME</mty><cid>26317</cid><dty>0003</dty><did>00</did><crd>no-voice:</crd><stc>0010</stc>",
        "<stc>10</stc><dty>3</dty><cid> 26317</cid><ref>1</ref>",
        "<ver>01.00</ver><ref>0000000000000001</ref><sco>1</sco><cid>26317 </cid><dty>3</dty><crd>gsm:+46123</crd>",
        "<ref>1</ref><cid>26317</cid><dty>0003</dty><crd>sip:</crd><hbo>001</hbo><unheard>of</unheard>",
        "<REF>1</REF><CID>26317</CID><DTY>0003</DTY>",
        "<ref>1</ref><cid>26317</cid><dty>9999</dty><stc>9999</stc>",
        "<ref>1</ref><cid>26317</cid><dty>0031</dty><stc>0010</stc>",
        "<ref>1</ref><cid>26317</cid><dty>0003</dty><dte>Fru Åsa &amp; Öst</dte><mty></mty>",
    ],
)
def test_a_press_is_a_press_in_every_variant(inside: str) -> None:
    found = asked(inside)
    assert found.status == codes.OK
    assert found.message is not None
    assert (found.message.device, found.message.kind) == ("26317", SignalKind.SOS)


@pytest.mark.parametrize(
    ("dty", "stc", "wanted"),
    [
        ("0005", "0009", "fall"),
        ("30", "", "fall"),
        ("0010", "0009", "inactivity"),
        ("0012", "0009", "bed"),
        ("0014", "0076", "door"),
        ("0015", "0009", "wandering"),
        ("0019", "0046", "vitals"),
        ("0021", "0009", "gas"),
        ("23", "9", "smoke"),
        ("0026", "0009", "co"),
        ("0033", "0009", "water"),
        ("0003", "0016", "low_battery"),
        ("0002", "0019", "cancel"),
        ("0002", "0070", "restore"),
        ("0011", "0081", "vitals"),
        ("0002", "0085", "fault"),
        ("0002", "0086", "restore"),
        ("0002", "0092", "restore"),
        ("0002", "0102", "test"),
        ("0002", "0111", "restore"),
        ("0032", "0026", "fault"),
        ("0038", "0125", "fault"),
        ("0023", "0102", "test"),
        ("0031", "0110", "sos"),
    ],
)
def test_every_code_has_its_meaning(dty: str, stc: str, wanted: str) -> None:
    assert kind(f"<ref>1</ref><cid>1</cid><dty>{dty}</dty><stc>{stc}</stc>") == wanted


@pytest.mark.parametrize(
    ("mty", "stc", "wanted"),
    [("RE", "0093", "restore"), ("RE", "0010", "restore"), ("PI", "", "heartbeat"), ("IN", "0074", "heartbeat"),
     ("IN", "0016", "low_battery"), ("in", "0102", "test"), ("IN", "0010", "heartbeat"), ("ME", "0010", "sos")],
)  # fmt: skip
def test_reset_information_and_heartbeat_page_nobody(mty: str, stc: str, wanted: str) -> None:
    assert kind(f"<ref>1</ref><mty>{mty}</mty><cid>1</cid><dty>0003</dty><stc>{stc}</stc>") == wanted


def test_a_heartbeat_needs_no_type_of_device_and_is_told_its_interval() -> None:
    found = asked("<ref>1</ref><cid>1</cid><mty>PI</mty><hbo>001</hbo>")
    assert (found.status, found.wants_interval) == (codes.OK, True)
    assert b"<hbi>3</hbi>" in answered(found, codes.OK, NOBODY, "3")
    assert b"<hbi>" not in answered(found, codes.NOT_TREATED, NOBODY, "3")
    fixed = asked("<ref>1</ref><cid>1</cid><mty>PI</mty><hbo>0</hbo>")
    assert b"<hbi>" not in answered(fixed, codes.OK, NOBODY, "3")


@pytest.mark.parametrize(
    ("inside", "status", "lacks"),
    [
        ("<cid>26317</cid><dty>0003</dty>", codes.MISSING, "ref"),
        ("<ref>1</ref><dty>0003</dty>", codes.MISSING, "cid"),
        ("<ref>1</ref><cid/><dty>0003</dty>", codes.MISSING, "cid"),
        ("<ref>1</ref><cid>26317</cid>", codes.MISSING, "dty"),
        ("", codes.MISSING, "ref, cid, dty"),
        ("<ref>1</ref><cid>26317</cid><dty>0003</dty><mty>XX</mty>", codes.WRONG_DATA, ""),
    ],
)
def test_an_alarm_in_which_something_is_wrong_is_stored_and_told_so(inside: str, status: str, lacks: str) -> None:
    found = asked(inside)
    assert found.status == status
    assert lacks in found.reason
    assert found.message is not None
    assert (found.message.device, found.message.kind) == ("26317", SignalKind.SOS)
    assert asked("<ref>1</ref><dty>3</dty>", caller="").message is None


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b"<mrq><ref>1</ref><cid>&b;</cid></mrq>"
)
FILE = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    b"<mrq><ref>1</ref><cid>&f;</cid><dty>3</dty></mrq>"
)


@pytest.mark.parametrize(
    ("body", "ref"),
    [
        (b"", ""),
        (b"hello", ""),
        (b"<mrq><ref>1</ref><cid>2</cid>", "1"),
        (b"<mrq><ref>1</ref><cid>&x;</cid></mrq>", "1"),
        (b"<mrs><ref>1</ref><snu>0</snu></mrs>", "1"),
        (BOMB, "1"),
        (FILE, "1"),
        (b"<mrq>" * 5000, ""),
        (b'<?xml version="1.0" encoding="UTF-7"?><mrq/>', ""),
        (b"<mrq><ref>" + b"9" * 3000, ""),
    ],
)
def test_what_is_no_scaip_is_an_invalid_format(body: bytes, ref: str) -> None:
    found = read(body, "26317")
    assert (found.status, found.message, found.ref) == (codes.BAD_FORMAT, None, ref)
    assert found.reason
    assert fromstring(answered(found, found.status, NOBODY)).findtext("snu") == "2"


def test_words_in_latin_1_without_saying_so_are_read() -> None:
    found = asked("<ref>1</ref><cid>1</cid><dty>3</dty><dte>Åsa Öst</dte>".encode("latin-1"))
    assert found.message is not None
    assert found.message.data["device_text"] == "Åsa Öst"


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ("<geo>59.33,18.06</geo><tim>2026-11-25T08:18:21+00:00</tim>", (59.33, 18.06)),
        ("<gga>$GPGGA,081821,4518.1307,N,13057.984,E,1,07,1.0,9.0,M,,M,,*47</gga>", (45.302178, 130.9664)),
        ("<gga>$GPGGA,081821,4518.1307,S,13057.984,W,1</gga>", (-45.302178, -130.9664)),
        ("<geo>0,0</geo>", None),
        ("<geo>99,500</geo>", None),
        ("<geo>here</geo>", None),
    ],
)
def test_a_position_comes_in_degrees_or_from_a_receiver(place: str, wanted: tuple[float, float] | None) -> None:
    message = asked(f"{SOS}<lge>{place}</lge>").message
    assert message is not None
    assert (message.data.get("lat"), message.data.get("lon")) == (wanted or (None, None))
    if "tim" in place:
        assert message.occurred_at == datetime(2026, 11, 25, 8, 18, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("crd", "voice", "wanted"),
    [
        ("no-voice:", Voice(wanted=True, number="12349"), {"mre": "0"}),
        ("gsm:", Voice(wanted=True, number="12349"), {"mre": "1", "cre": "62", "tnu": "12349"}),
        ("gsm:+", Voice(wanted=True), {"mre": "1", "cre": "61"}),
        ("sip:", Voice(), {}),
    ],
)
def test_who_can_speak_is_told_whom_to_call(crd: str, voice: Voice, wanted: dict[str, str]) -> None:
    answer = fromstring(answered(asked(f"{SOS}<crd>{crd}</crd>"), codes.OK, voice))
    assert {tag.tag: tag.text for tag in answer} == {"ref": "ab12", "snu": "0"} | wanted


# SIP


def message(body: str = f"<mrq>{SOS}</mrq>", *extra: str, length: int | None = None, method: str = "MESSAGE") -> bytes:
    head = [
        f"{method} sip:alarm@192.0.2.1 SIP/2.0",
        "Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1;rport",
        "From: <sip:26317@10.0.0.9>;tag=1",
        "To: <sip:alarm@192.0.2.1>",
        "Call-ID: c1@10.0.0.9",
        f"CSeq: 1 {method}",
        *extra,
        "Content-Type: application/scaip+xml",
        f"Content-Length: {len(body.encode()) if length is None else length}",
    ]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


def test_a_request_is_read_with_long_and_short_names() -> None:
    short = message().replace(b"Via:", b"v :").replace(b"From:", b"f:").replace(b"Call-ID:", b"i:")
    for raw in (message(), short, message().replace(b"\r\n", b"\n").replace(b"<", b" <", 1)):
        request = sip.parse(raw)
        assert (request.method, request.caller, request.missing) == ("MESSAGE", "26317", [])
        assert request.one("call-id") == "c1@10.0.0.9"


def test_the_answer_goes_back_the_way_it_came() -> None:
    raw = message("", "Via: SIP/2.0/TCP 10.0.0.8;branch=z9hG4bK2, SIP/2.0/UDP 10.0.0.7")
    answer = sip.parse(sip.answer(sip.parse(raw), 200, "192.0.2.9", b"<mrs/>", mrq.KIND))
    assert answer.method == sip.AN_ANSWER
    assert answer.headers["via"] == [
        "SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1;rport;received=192.0.2.9",
        "SIP/2.0/TCP 10.0.0.8;branch=z9hG4bK2, SIP/2.0/UDP 10.0.0.7",
    ]
    assert answer.one("to") == "<sip:alarm@192.0.2.1>;tag=dispatch"
    assert answer.body == b"<mrs/>"


def test_the_other_style_is_a_message_of_our_own() -> None:
    way = sip.Way("UDP", "192.0.2.9", "abc")
    back = sip.parse(sip.message_back(sip.parse(message()), way, b"<mrs/>", mrq.KIND))
    assert (back.method, back.body, back.missing) == ("MESSAGE", b"<mrs/>", [])
    assert back.one("to") == "<sip:26317@10.0.0.9>"


def test_streams_are_cut_by_their_length() -> None:
    stream = message() + sip.PING + message("") + b"\r\n" + message()
    found, buffer = [], b""
    for i in range(len(stream)):
        buffer += stream[i : i + 1]
        while buffer and (size := sip.cut(buffer)) is not None:
            found.append(buffer[:size])
            buffer = buffer[size:]
    assert buffer == b""
    assert [one for one in found if one.strip()] == [message(), message(""), message()]


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"",
        b"\xff" * 900,
        b"MESSAGE sip:x SIP/3.0\r\n\r\n",
        message(length=10**9).replace(b"1000000000", b"ten"),
    ],
)
def test_what_is_no_sip_is_told(raw: bytes) -> None:
    with pytest.raises(sip.NotSip):
        sip.parse(raw)


@given(st.binary(max_size=400))
def test_no_bytes_end_the_reading(body: bytes) -> None:
    for raw in (body, message().replace(b"<mrq>", body), message(length=len(body)) + body, b"<mrq>" + body + b"</mrq>"):
        found = read(raw, "26317")
        fromstring(answered(found, found.status, Voice(wanted=True)))
        assert found.message is None or "\0" not in repr(found.message)
        try:
            sip.cut(raw)
            request = sip.parse(raw)
        except sip.NotSip:
            continue
        for status in (200, 400):
            answer = sip.answer(request, status, "192.0.2.9", b"<mrs/>", mrq.KIND)
            assert sip.parse(answer).body == b"<mrs/>"


@given(st.dictionaries(st.sampled_from(["ref", "cid", "dty", "stc", "mty", "dte", "crd", "lco"]), st.text(max_size=30)))
def test_whatever_stands_in_its_tags_an_alarm_is_heard(tags: dict[str, str]) -> None:
    allowed = {n: "".join(c for c in v if c.isprintable()) for n, v in tags.items()}
    found = asked("".join(f"<{n}>{escape(v)}</{n}>" for n, v in allowed.items()))
    assert found.message is not None
    root = fromstring(answered(found, found.status, Voice(wanted=True, number="1<2")))
    assert root.findtext("ref")
