"""What a case is called in texts to people is there for every page that can be read in English."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_every_cause_has_its_english_word() -> None:
    messages = yaml.safe_load((ROOT / "config" / "messages.yaml").read_text("utf-8"))
    assert list(messages["causes_en"]) == list(messages["causes"])
