"""Which tests keep to one worker when several run."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser/"


class Lanes(LoadFileScheduling):
    """A file is never divided, and neither are the tests with a browser: they look at one product, which takes half a
    minute to start and works all the time, and a second one beside it would only make both slower.
    """

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else str(super()._split_scope(nodeid))
