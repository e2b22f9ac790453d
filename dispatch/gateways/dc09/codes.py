"""What the codes of SIA DC-03 and of Contact ID (SIA DC-05) mean here: data."""

from __future__ import annotations

from dispatch.domain.signals import SignalKind

SOS, FAULT, RESTORE, TEST = SignalKind.SOS, SignalKind.FAULT, SignalKind.RESTORE, SignalKind.TEST
HEARTBEAT, LOW_BATTERY, CANCEL = SignalKind.HEARTBEAT, SignalKind.LOW_BATTERY, SignalKind.CANCEL
SMOKE, GAS, CO, WATER = SignalKind.SMOKE, SignalKind.GAS, SignalKind.CO, SignalKind.WATER
DOOR, INACTIVITY = SignalKind.DOOR, SignalKind.INACTIVITY

SIA: dict[str, SignalKind] = {
    "AN": RESTORE,  # analogue values are well again
    "AR": RESTORE,  # mains
    "AS": FAULT,
    "AT": FAULT,
    "CL": HEARTBEAT,  # closed by somebody: it lives
    "CG": HEARTBEAT,
    "CF": HEARTBEAT,
    "CP": HEARTBEAT,
    "DD": DOOR,  # access denied
    "DF": DOOR,  # door forced
    "DG": HEARTBEAT,  # access granted
    "DN": DOOR,  # door left open
    "DR": RESTORE,
    "EE": HEARTBEAT,
    "ER": RESTORE,
    "ET": FAULT,
    "JC": RESTORE,
    "LB": HEARTBEAT,  # programming begins
    "LR": RESTORE,  # telephone line
    "LS": HEARTBEAT,
    "LT": FAULT,
    "LX": HEARTBEAT,
    "NA": INACTIVITY,
    "NC": FAULT,  # network fails
    "NL": HEARTBEAT,
    "NR": RESTORE,
    "NS": RESTORE,  # activity again
    "NT": FAULT,
    "OP": HEARTBEAT,
    "OG": HEARTBEAT,
    "OR": CANCEL,  # disarmed after an alarm
    "RN": HEARTBEAT,  # reset
    "RP": HEARTBEAT,  # by itself: nobody has pressed anything
    "RR": HEARTBEAT,  # power up
    "RT": FAULT,
    "RX": TEST,
    "RY": HEARTBEAT,
    "TA": FAULT,
    "TE": HEARTBEAT,
    "TP": TEST,  # walked by
    "TS": HEARTBEAT,
    "TX": TEST,
    "XR": RESTORE,
    "XT": LOW_BATTERY,  # of the transmitter
    "XQ": FAULT,  # the radio is disturbed
    "XH": RESTORE,
    "XS": FAULT,
    "YB": FAULT,
    "YC": FAULT,  # communication
    "YI": FAULT,
    "YK": RESTORE,
    "YM": FAULT,  # no battery at all
    "YP": FAULT,
    "YQ": RESTORE,
    "YR": RESTORE,
    "YS": FAULT,
    "YT": LOW_BATTERY,
    "YX": FAULT,
}
FAMILY: dict[str, SignalKind] = {
    "B": DOOR,
    "F": SMOKE,
    "G": GAS,
    "H": SOS,  # hold-up
    "K": SMOKE,  # heat
    "M": SOS,  # medical
    "P": SOS,  # panic
    "Q": SOS,  # emergency
    "S": SMOKE,  # sprinklers
    "U": SOS,  # of no type
    "W": WATER,
    "Z": SOS,  # frost: somebody sits in the cold
}
"""What an alarm is of, by the first letter of its code."""
ENDING: dict[str, SignalKind | None] = {
    "A": None,  # the family says
    "V": None,  # confirmed
    "B": FAULT,  # switched off
    "C": CANCEL,
    "H": RESTORE,
    "J": RESTORE,
    "R": RESTORE,
    "S": FAULT,
    "T": FAULT,
    "U": RESTORE,
    "X": TEST,
}
"""What else may be said of a family, by the second letter."""
TAMPER = frozenset({"TA", "137", "144", "145", "341", "383"})

CONTACT_ID: dict[str, SignalKind] = {
    "102": INACTIVITY,  # failed to report in
    "112": SMOKE,
    "121": SOS,
    "137": FAULT,
    "144": FAULT,
    "145": FAULT,
    "151": GAS,
    "154": WATER,
    "155": FAULT,
    "156": FAULT,
    "157": FAULT,
    "161": FAULT,
    "162": CO,
    "163": FAULT,
    "302": LOW_BATTERY,
    "309": LOW_BATTERY,
    "311": LOW_BATTERY,
    "338": LOW_BATTERY,
    "384": LOW_BATTERY,
    "406": CANCEL,
    "601": TEST,
    "604": TEST,
    "607": TEST,
    "611": TEST,
    "613": TEST,
    "614": TEST,
    "615": TEST,
}
TENS: dict[str, SignalKind] = {"10": SOS, "11": SMOKE, "12": SOS, "13": DOOR, "14": SOS, "15": SOS, "16": SOS}
HUNDREDS: dict[str, SignalKind] = {"2": FAULT, "3": FAULT, "4": HEARTBEAT, "5": FAULT, "6": HEARTBEAT}
"""Of what stands in neither table before it. 602 is the panel's own test: nobody has pressed anything."""


def of_sia(code: str) -> SignalKind | None:
    """None: nobody knows it."""
    if code in SIA:
        return SIA[code]
    family, ending = FAMILY.get(code[:1]), code[1:]
    if family is None or ending not in ENDING:
        return None
    return ENDING[ending] or family


def of_contact_id(qualifier: str, code: str) -> SignalKind | None:
    """1 is new, 3 over again, 6 still so. None: nobody knows it."""
    kind = CONTACT_ID.get(code) or TENS.get(code[:2]) or HUNDREDS.get(code[:1])
    if qualifier != "3" or kind in (None, HEARTBEAT, TEST):
        return kind
    return RESTORE
