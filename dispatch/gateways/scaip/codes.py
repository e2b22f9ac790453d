"""The numbers of SCAIP (SS 91100, CLC/TS 50134-9) and what they mean here: data. What is not listed is an alarm."""

from __future__ import annotations

from dispatch.domain.signals import SignalKind

FAULT, RESTORE, HEARTBEAT = SignalKind.FAULT, SignalKind.RESTORE, SignalKind.HEARTBEAT

BY_STATUS: dict[str, SignalKind] = {
    "0002": SignalKind.CANCEL,  # abort
    "0014": SignalKind.LOW_BATTERY,  # battery failure
    "0015": RESTORE,  # battery in order
    "0016": SignalKind.LOW_BATTERY,
    "0019": SignalKind.CANCEL,
    "0020": RESTORE,  # charged
    "0023": FAULT,  # connections lost, one number each
    "0024": FAULT,
    "0025": FAULT,
    "0026": FAULT,
    "0027": FAULT,
    "0032": FAULT,  # errors 1 to 9
    "0033": FAULT,
    "0034": FAULT,
    "0035": FAULT,
    "0036": FAULT,
    "0037": FAULT,
    "0038": FAULT,
    "0039": FAULT,
    "0040": FAULT,
    "0042": FAULT,  # failure
    "0043": FAULT,  # frequency drifted
    "0044": FAULT,
    "0045": FAULT,
    "0052": FAULT,  # jammed
    "0065": FAULT,  # maintenance needed
    "0066": FAULT,
    "0067": FAULT,  # malfunction
    "0068": FAULT,  # memory full
    "0070": RESTORE,  # normal state
    "0073": FAULT,  # offline
    "0075": RESTORE,  # online
    "0078": FAULT,  # out of service
    "0081": SignalKind.VITALS,  # pill not taken
    "0082": HEARTBEAT,  # pill reminder
    "0083": RESTORE,  # pill taken
    "0085": FAULT,  # power failure
    "0086": RESTORE,
    "0088": RESTORE,  # presence after an alarm: staff is there
    "0091": RESTORE,  # re-established
    "0092": RESTORE,  # automatic reset
    "0093": RESTORE,  # manual reset
    "0094": RESTORE,
    "0095": FAULT,  # radio interference
    "0102": SignalKind.TEST,
    "0103": SignalKind.TEST,
    "0105": FAULT,  # trouble
    "0111": RESTORE,  # intervention complete
    "0112": RESTORE,  # connections back, one number each
    "0113": RESTORE,
    "0114": RESTORE,
    "0115": RESTORE,
    "0116": RESTORE,
    "0122": FAULT,
    "0123": FAULT,  # radio test missing
    "0124": RESTORE,
    "0125": FAULT,  # tampered with
}

BY_DEVICE: dict[str, SignalKind] = {
    "0005": SignalKind.FALL,
    "0010": SignalKind.INACTIVITY,
    "0011": SignalKind.VITALS,  # pill dispenser
    "0012": SignalKind.BED,
    "0013": SignalKind.BED,  # mat
    "0014": SignalKind.DOOR,
    "0015": SignalKind.WANDERING,
    "0016": SignalKind.VITALS,  # enuresis
    "0018": SignalKind.INACTIVITY,  # occupancy
    "0019": SignalKind.VITALS,  # heart rate
    "0021": SignalKind.GAS,
    "0022": FAULT,  # lights
    "0023": SignalKind.SMOKE,
    "0024": FAULT,  # heating
    "0025": SignalKind.SMOKE,  # heat
    "0026": SignalKind.CO,
    "0029": SignalKind.WANDERING,  # boundary
    "0030": SignalKind.FALL,  # man down
    "0031": FAULT,  # the system itself
    "0032": FAULT,  # a connection
    "0033": SignalKind.WATER,
    "0034": SignalKind.WATER,  # bath
    "0036": SignalKind.WANDERING,  # perimeter
    "0037": SignalKind.SMOKE,  # sprinkler
    "0038": FAULT,  # tamper
    "0039": FAULT,
    "0040": FAULT,
    "0041": FAULT,  # power supply
    "0044": SignalKind.BED,  # chair
    "0047": SignalKind.SMOKE,  # fire alarm system
    "0050": FAULT,  # radio
}

BY_HAND = frozenset({"0010", "0110"})
"""Somebody pressed something: help is wanted, even where the thing watches a connection."""

BY_TYPE: dict[str, SignalKind] = {"RE": RESTORE, "PI": HEARTBEAT}
"""``mty``. ME, or none at all, is an alarm; IN tells something and pages nobody."""
TYPES = frozenset({"ME", "RE", "IN", "PI"})

OK, TOO_LONG, BAD_FORMAT, WRONG_DATA, NOT_TREATED, MISSING = "0", "1", "2", "3", "5", "7"
WORDS = {
    OK: "OK",
    TOO_LONG: "message too long",
    BAD_FORMAT: "invalid format",
    WRONG_DATA: "wrong data content",
    NOT_TREATED: "not treated",
    MISSING: "mandatory tag missing",
}
