"""Which tests keep to one worker when several run."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser/"
HELPER = "tests/browser/test_provider.py"
"""The demo has one helper with a page of his own: what other tests have asked of him would be in the way."""


class Lanes(LoadFileScheduling):
    """A file is never divided, and neither are the tests with a browser, but for one file: they look at one product.
    It takes half a minute to start and works all the time, and one for each file would only make all slower.
    """

    def _split_scope(self, nodeid: str) -> str:
        together = nodeid.startswith(BROWSER) and not nodeid.startswith(HELPER)
        return BROWSER if together else str(super()._split_scope(nodeid))
