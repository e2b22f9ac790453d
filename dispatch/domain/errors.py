"""Everything that can be refused, as one tree.

DispatchError
├── Unauthenticated        who are you?
│   └── SecondFactorRequired   the password is right, the code is missing
├── Forbidden              you may not do this
│   └── StepFirst          not before you have chosen a password, or a second factor
├── NotFound               there is no such thing, or not for you
├── Invalid                a field is wrong; says which and what to do
├── Locked                 sign-in is closed for a while
├── TooManyTries           too many wrong passwords from one address
├── OfferExpired           nobody waits for an answer to this offer any more
├── TooOld                 the live stream no longer reaches back so far
├── Unavailable            the database is away; try again
├── ExchangeAway           the telephone exchange is away; ``phone`` can be dialled by hand
├── Conflict               somebody or something was first
│   ├── CaseTaken
│   ├── Urgent             an urgent case is not one of many
│   ├── VersionConflict
│   ├── LooksDouble        an elder seems to be in the register already
│   ├── Silences           what is an alarm today would be none
│   ├── LastAdministrator  nobody would be left to give rights
│   ├── OfferTaken         another helper was first
│   ├── HelperBusy         nobody goes to two emergencies at once
│   └── IllegalTransition
└── SendFailed             a gateway could not hand a message over
    ├── Retryable
    └── Permanent
"""

from __future__ import annotations

from typing import Any


class DispatchError(Exception):
    """Base: ``code`` is stable and part of the contract, ``detail`` is for a person."""

    code = "error"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.extra = extra


class Unauthenticated(DispatchError):
    code = "unauthenticated"


class SecondFactorRequired(Unauthenticated):
    code = "second-factor-required"


class Forbidden(DispatchError):
    code = "forbidden"


class StepFirst(Forbidden):
    """``pending`` says which step."""

    code = "step-first"


class NotFound(DispatchError):
    code = "not-found"


class Invalid(DispatchError):
    """``errors`` lists ``{field, code, detail}`` for each wrong field."""

    code = "invalid"

    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(detail, errors=[{"field": field, "code": code, "detail": detail}])


class Locked(DispatchError):
    code = "locked"


class TooManyTries(DispatchError):
    code = "too-many-tries"


class TooOld(DispatchError):
    code = "too-old"


class ExchangeAway(DispatchError):
    code = "exchange-away"


class Unavailable(DispatchError):
    code = "database-away"


class Conflict(DispatchError):
    code = "conflict"


class CaseTaken(Conflict):
    code = "case-taken"


class Urgent(Conflict):
    code = "urgent"


class VersionConflict(Conflict):
    code = "version-conflict"


class LastAdministrator(Conflict):
    code = "last-administrator"


class OfferTaken(Conflict):
    code = "offer-taken"


class HelperBusy(Conflict):
    code = "helper-busy"


class OfferExpired(DispatchError):
    code = "offer-expired"


class LooksDouble(Conflict):
    """``candidates`` are the elders that it may be; sent again with ``even_if_double`` it is done all the same."""

    code = "looks-double"


class Silences(Conflict):
    """``words`` are those that are an alarm today and would be none; sent again with ``even_if_silent`` it is done."""

    code = "silences"


class IllegalTransition(Conflict):
    code = "illegal-transition"


class SendFailed(DispatchError):
    code = "send-failed"


class Retryable(SendFailed):
    code = "send-retryable"


class Permanent(SendFailed):
    code = "send-permanent"
