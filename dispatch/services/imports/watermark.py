"""The first line of every table that leaves the centre: who took it, and when."""

from __future__ import annotations

from datetime import datetime

STARTS = {"zh": "内部资料，严禁外传。导出人：", "en": "Confidential, not to be passed on. Exported by: "}


def watermark(language: str, name: str, at: datetime) -> str:
    when = f"{at:%Y-%m-%d %H:%M %Z}"
    return f"{STARTS[language]}{name}；时间：{when}" if language == "zh" else f"{STARTS[language]}{name}; at {when}"


def is_watermark(cell: object) -> bool:
    """An export that was worked on and comes back has its line still."""
    return isinstance(cell, str) and cell.startswith(tuple(STARTS.values()))
