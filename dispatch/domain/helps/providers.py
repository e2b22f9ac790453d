"""What a provider is, whose it is, and what a station is for. Pure."""

from __future__ import annotations

from enum import StrEnum


class ProviderKind(StrEnum):
    INSTITUTION = "institution"
    COMPANY = "company"
    SOCIAL = "social"
    MEDICAL = "medical"
    COMMUNITY = "community"
    RESCUE = "rescue"


class Ownership(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"
    PUBLIC_PRIVATE = "public_private"
    """Public, run by a private body (公建民营)."""


class StationKind(StrEnum):
    CENTRE = "centre"
    COMPLEX = "complex"
    STATION = "station"
    POINT = "point"


class Function(StrEnum):
    DAY_CARE = "day_care"
    MEALS = "meals"
    HOME_SERVICE = "home_service"
    BATH = "bath"
    REHABILITATION = "rehabilitation"
    HEALTH = "health"
    LEISURE = "leisure"
    LEARNING = "learning"
    RESPITE = "respite"
    EMERGENCY = "emergency"
