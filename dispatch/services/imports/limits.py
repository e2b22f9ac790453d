"""How large a file may be, and what is said when it is larger or broken."""

from __future__ import annotations

LARGEST_WORKBOOK = 50 * 1024 * 1024
LARGEST_FILE = 150 * 1024 * 1024
"""Of a .csv, which is not packed: 372,000 elders with all that the template asks are 78 MB, and 23 as a workbook."""
MAX_ROWS = 1_000_000
MAX_COLUMNS = 200
LONGEST_CELL = 32_767
"""What Excel itself can keep in a cell."""
ZIP = b"PK\x03\x04"
UNPACKED = 4 * 1024 * 1024 * 1024
"""A million rows of our columns as XML are about 2.5 GB; nothing of it is ever in memory at once."""


class Unreadable(Exception):
    """The file as a whole cannot be read. ``code`` and ``data`` are shown to whoever sent it."""

    def __init__(self, code: str, **data: str) -> None:
        super().__init__(code)
        self.code = code
        self.data = data
