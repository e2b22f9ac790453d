"""What each role may do. The areas in which it may do it are a matter of the queries."""

from __future__ import annotations

from enum import StrEnum


class May(StrEnum):
    CASES_READ = "cases_read"
    CASES_WORK = "cases_work"
    CASES_SUPERVISE = "cases_supervise"
    """Take over without being asked, end what only a supervisor may end."""
    REGISTER_READ = "register_read"
    """With identity numbers, telephones and addresses masked."""
    REGISTER_EDIT = "register_edit"
    REVEAL = "reveal"
    """See a masked value, with a reason that is written down."""
    ASSESS = "assess"
    IMPORT = "import"
    EXPORT = "export"
    PRIVACY = "privacy"
    """Handle the requests of persons about their data, retention, and what was shared with whom."""
    DEVICES_READ = "devices_read"
    DEVICES_EDIT = "devices_edit"
    DUTY_READ = "duty_read"
    DUTY_EDIT = "duty_edit"
    SUPERVISE = "supervise"
    """The supervisor's page: the floor, its load, its queue, area events."""
    QUALITY = "quality"
    """Listen to and grade what operators did."""
    USERS = "users"
    TRAIL_READ = "trail_read"
    SIGNALS = "signals"
    CALLS = "calls"


_OPERATOR = frozenset(
    {
        May.CASES_READ,
        May.CASES_WORK,
        May.REGISTER_READ,
        May.REGISTER_EDIT,
        May.REVEAL,
        May.DEVICES_READ,
        May.DUTY_READ,
    }
)
_DISPATCHER = _OPERATOR | {May.DEVICES_EDIT, May.DUTY_EDIT}
_SUPERVISOR = _DISPATCHER | {
    May.CASES_SUPERVISE,
    May.ASSESS,
    May.IMPORT,
    May.EXPORT,
    May.PRIVACY,
    May.SUPERVISE,
    May.QUALITY,
}

OF_ROLE: dict[str, frozenset[May]] = {
    "operator": _OPERATOR,
    "dispatcher": _DISPATCHER,
    "supervisor": _SUPERVISOR,
    "quality_inspector": frozenset({May.CASES_READ, May.REGISTER_READ, May.DUTY_READ, May.QUALITY}),
    "station": frozenset(
        {
            May.CASES_READ,
            May.REGISTER_READ,
            May.REGISTER_EDIT,
            May.REVEAL,
            May.ASSESS,
            May.DEVICES_READ,
            May.DEVICES_EDIT,
            May.DUTY_READ,
        }
    ),
    "provider": frozenset(),
    "visitor": frozenset(),
    "admin": _SUPERVISOR | {May.USERS, May.TRAIL_READ},
    "auditor": frozenset({May.CASES_READ, May.REGISTER_READ, May.DEVICES_READ, May.DUTY_READ, May.TRAIL_READ}),
}

OF_SCOPE: dict[str, frozenset[May]] = {
    "signals": frozenset({May.SIGNALS}),
    "calls": frozenset({May.CALLS}),
    "cases": _DISPATCHER,
    "admin": frozenset(May),
}
