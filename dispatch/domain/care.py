"""The values of ``config/`` that assessments, groups and privacy go by, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dispatch.domain.assessment import Standard
from dispatch.domain.groups import Groups
from dispatch.domain.privacy import Deadlines, Kept, Purpose


@dataclass(frozen=True)
class CareRules:
    standards: Mapping[str, Standard]
    """By code."""
    groups: Groups
    purposes: Mapping[str, Purpose]
    deadlines: Deadlines
    retention: Mapping[Kept, int]
    """Months."""

    @property
    def setting(self) -> Standard:
        """The one standard that an elder's ability level follows."""
        return next(s for s in self.standards.values() if s.sets_level)
