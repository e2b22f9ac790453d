"""SOS Access v4 as transmitters send it, with the oddities of real ones, and what an attacker would send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import fromstring
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.listening import Setup
from dispatch.domain.signals import SignalKind
from dispatch.gateways.sos_access import codes
from dispatch.gateways.sos_access.listener import SosAccessListener
from dispatch.gateways.sos_access.reading import LARGEST, Asked, Meaning, answered, read, whole, without_password

AT = datetime(2026, 11, 25, 8, 18, 21, tzinfo=UTC)
MEANING = Meaning(codes.EVENTS, ZoneInfo("Europe/Stockholm"))
HEAD = '<?xml version="1.0" encoding="iso-8859-1"?>\n'
REQUEST = {
    "reference": "r-1",
    "authentication": "123456789012345",
    "receiver": "SOSA",
    "transmittertime": "2026-11-25T09:18:21",
    "alarmtype": "AL",
    "transmittertype": "SV100",
    "transmittercode": "0012345",
    "eventcode": "AL",
}


def document(
    tags: dict[str, str] | None = None, *, kind: str = "alarmrequest", head: str = HEAD, more: str = ""
) -> bytes:
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in (tags or REQUEST).items())
    return f"{head}<{kind}>{inside}{more}</{kind}>".encode("latin-1")


def asked(raw: bytes) -> Asked:
    assert whole(raw) == len(raw)
    return read(raw, MEANING)


def test_an_alarm_says_who_what_and_when() -> None:
    found = asked(
        document(REQUEST | {"section": "1", "detectortext": "Sängkammare Åsa", "additionalinfo": "a \r\nb \r\n"})
    )
    assert (found.status, found.reference, found.is_named) == (codes.OK, "r-1", True)
    message = found.message
    assert message is not None
    assert (message.device, message.kind, message.occurred_at) == ("0012345", SignalKind.SOS, AT)
    assert message.data == {
        "code": "AL",
        "transmitter_type": "SV100",
        "section": "1",
        "detector_text": "Sängkammare Åsa",
        "text": "a \nb",
    }


@pytest.mark.parametrize(
    ("event", "type_", "wanted"),
    [
        ("AL", "AL", "sos"),
        ("", "AL", "sos"),
        ("whatever they agreed on", "AL", "sos"),
        ("fa", "AL", "smoke"),
        ("GA", "", "gas"),
        ("YT", "AL", "low_battery"),
        ("RP", "AL", "test"),
        ("RP", "RE", "test"),
        ("AL", "RE", "restore"),
        ("FA", "re", "restore"),
    ],
)
def test_event_and_type_have_their_meaning(event: str, type_: str, wanted: str) -> None:
    message = asked(document(REQUEST | {"eventcode": event, "alarmtype": type_})).message
    assert message is not None
    assert message.kind == wanted


def test_oddities_of_real_transmitters() -> None:
    """Empty elements for what is absent, the word None for no text, no header, UTF-8 said and Latin-1 written."""
    odd = REQUEST | {"transmittertime": "", "reference": "", "section": "", "additionalinfo": "None", "receiver": ""}
    found = asked(document(odd))
    assert (found.status, found.is_named) == (codes.OK, False)
    assert found.message is not None
    assert found.message.data == {"code": "AL", "transmitter_type": "SV100"}
    for head in ("", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-8"?>', "\r\n <!-- x --> "):
        message = asked(document(REQUEST | {"sectiontext": "Åsa"}, head=head)).message
        assert message is not None
        assert message.data["section_text"] == "Åsa"
    right = asked(document(REQUEST, head='<?xml version="1.0" encoding="utf-8"?>').replace(b"SV100", "Å".encode()))
    assert right.message is not None
    assert right.message.data["transmitter_type"] == "Å"


@pytest.mark.parametrize("absent", ["authentication", "receiver", "transmittertype", "transmittercode", "eventcode"])
def test_an_alarm_in_which_something_is_missing_is_stored_and_told_so(absent: str) -> None:
    found = asked(document({name: value for name, value in REQUEST.items() if name != absent}))
    assert found.status == codes.MISSING
    assert absent in found.reason
    assert (found.message is None) == (absent == "transmittercode")


@pytest.mark.parametrize(
    ("pos", "wanted"),
    [
        ("N591995E0180396", (59.3325, 18.066)),
        ("S591995W0180396", (-59.3325, -18.066)),
        ("E597295E0176288", None),
        ("N596095E0180396", None),
        ("x1234567y1234567", None),
        ("here", None),
    ],
)
def test_positions_in_degrees_are_read_and_others_kept(pos: str, wanted: tuple[float, float] | None) -> None:
    message = asked(document(more=f"<position><pos>{pos}</pos></position>")).message
    assert message is not None
    assert message.data["position"] == pos
    assert (message.data.get("lat"), message.data.get("lon")) == (wanted or (None, None))


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aa">]>'
    b"<alarmrequest><transmittercode>&a;</transmittercode></alarmrequest>"
)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"hello", codes.BAD_XML),
        (b"<alarmrequest><a></alarmrequest>", codes.BAD_XML),
        (b"<alarmrequest/>", codes.MISSING),
        (b"<other><a/></other>", codes.WRONG_CONTENT),
        (BOMB, codes.BAD_XML),
        (document(head='<?xml version="1.0" encoding="utf-16"?>'), codes.BAD_HEADER),
        (b"<alarmrequest>" + b"x" * LARGEST, codes.TOO_LONG),
    ],
)
def test_what_cannot_be_read_has_its_own_answer(raw: bytes, status: int) -> None:
    found = asked(raw)
    assert (found.status, found.message) == (status, None)
    answer = fromstring(answered(found, status, AT))
    assert (answer.tag, answer.findtext("status")) == ("alarmresponse", str(status))


def test_a_document_ends_where_its_root_ends() -> None:
    raw = document()
    for size in range(len(raw)):
        assert whole(raw[:size]) is None, raw[:size]
    assert whole(raw + b"\r\n<more") == len(raw)
    assert whole(b"<pingrequest />") == len(b"<pingrequest />")


def test_the_password_is_neither_kept_nor_shown() -> None:
    kept = without_password(document())
    assert b"123456789012345" not in kept
    assert len(kept) == len(document())


def test_answers_are_of_the_kind_of_the_question() -> None:
    for kind, name in codes.ANSWERS.items():
        answer = answered(asked(document(kind=kind)), codes.OK, AT, "NEW" if "new" in kind else "")
        root = fromstring(answer)
        assert [root.tag, *(child.tag for child in root)][:4] == [name, "reference", "status", "info"]
        assert root.findtext("newauthentication") == ("NEW" if "new" in kind else None)
        assert root.findtext("arrivaltime") == "2026-11-25T08:18:21"


def listener(secrets: dict[str, str], **options: object) -> SosAccessListener:
    setup = Setup.load("sos_access", {"port": 0, "options": options})
    return SosAccessListener(Setup(**{**setup.__dict__, "secrets": secrets}))


def test_passwords_are_common_ones_own_or_given_on_request() -> None:
    ours = listener({"": "INSTALL", "77": "OWN", "key": "a long key"})

    def may(code: str, password: str) -> bool:
        return ours.may(Asked("pingrequest", 0, code=code, password=password))

    given = ours.password(Asked("requestnewauthentication", 0, code="12"))
    assert len(given) == 15
    assert may("12", "INSTALL")
    assert may("12", given)
    assert not may("13", given)
    assert not may("12", "")
    assert not may("12", "OWN")
    assert may("77", "OWN")
    assert not may("77", "INSTALL")
    assert not may("key", "a long key")
    assert listener({"": "x"}).password(Asked("requestnewauthentication", 0, code="12")) == ""
    assert listener({}, any_password=True).may(Asked("pingrequest", 0, code="1"))
    with pytest.raises(ValueError, match="DISPATCH_GATEWAY_SECRETS"):
        listener({})


def test_a_copy_is_known_for_two_minutes_and_never_where_nothing_tells_it_apart() -> None:
    ours = listener({"": "x"})

    def event(raw: bytes, at: datetime) -> str | None:
        found = ours.understand(raw)
        assert found.message is not None
        return ours.named(found.message, found, raw, at).event_id

    first = event(document(), AT)
    assert first is not None
    assert event(document(), AT + timedelta(minutes=2)) == first
    assert event(document(), AT + timedelta(minutes=3)) != first
    assert event(document(REQUEST | {"reference": "r-2"}), AT) != first
    bare = {name: value for name, value in REQUEST.items() if name not in ("reference", "transmittertime")}
    assert event(document(bare), AT) is None


@given(st.binary(max_size=300))
def test_no_bytes_end_the_reading(body: bytes) -> None:
    for raw in (body, document().replace(b"<receiver>", body), HEAD.encode() + b"<alarmrequest>" + body):
        whole(raw)
        without_password(raw)
        found = read(raw, MEANING)
        fromstring(answered(found, found.status, AT))
        assert found.message is None or "\0" not in repr(found.message)


@given(
    st.dictionaries(st.sampled_from([*REQUEST, "section", "additionalinfo"]), st.text(st.characters(codec="latin-1")))
)
def test_whatever_stands_in_its_tags_an_alarm_is_heard(tags: dict[str, str]) -> None:
    clean = {n: "".join(c for c in v if c.isprintable() and c not in "<&") for n, v in tags.items()}
    found = read(document(clean | {"transmittercode": "1", "alarmtype": "AL"}), MEANING)
    assert found.message is not None
