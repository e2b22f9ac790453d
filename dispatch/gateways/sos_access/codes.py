"""SOS Access v4: its states, and what event codes mean here. No list of events is official: each centre has its own."""

from __future__ import annotations

from dispatch.domain.signals import SignalKind

OK = 0
TOO_LONG = 1
BAD_XML = 2
WRONG_CONTENT = 3
NOT_AUTHORISED = 4
NOT_TREATED = 5
MISSING = 7
UNAVAILABLE = 9
BAD_HEADER = 100

WORDS = {
    OK: "OK",
    TOO_LONG: "message too long",
    BAD_XML: "not an XML document of SOS Access v4",
    WRONG_CONTENT: "unknown request",
    NOT_AUTHORISED: "wrong transmitter or password",
    NOT_TREATED: "not treated: use the other receiver",
    MISSING: "mandatory tag missing",
    UNAVAILABLE: "not available for this transmitter",
    BAD_HEADER: "write ISO-8859-1 or UTF-8",
}

ANSWERS = {
    "alarmrequest": "alarmresponse",
    "pingrequest": "pingresponse",
    "requestnewauthentication": "requestnewauthenticationresponse",
}

EVENTS: dict[str, SignalKind] = {
    "AL": SignalKind.SOS,
    "MA": SignalKind.SOS,
    "PA": SignalKind.SOS,
    "QA": SignalKind.SOS,
    "HA": SignalKind.SOS,
    "FA": SignalKind.SMOKE,
    "KA": SignalKind.SMOKE,  # heat
    "GA": SignalKind.GAS,
    "CO": SignalKind.CO,
    "WA": SignalKind.WATER,
    "NA": SignalKind.INACTIVITY,
    "YT": SignalKind.LOW_BATTERY,
    "XT": SignalKind.LOW_BATTERY,
    "AT": SignalKind.FAULT,  # mains lost
    "YC": SignalKind.FAULT,
    "TA": SignalKind.FAULT,
    "RP": SignalKind.TEST,
    "RX": SignalKind.TEST,
    "TEST": SignalKind.TEST,
}
"""The letters of SIA, which most use. What is not listed is somebody's alarm."""
