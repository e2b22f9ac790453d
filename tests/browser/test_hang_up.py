"""The operator who talks on the hotline hangs up from the case, in both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.test_pages import serious
from tests.browser.words import LOCALES

LISTENS = """INSERT INTO exchanges (name, seen_at, connected, since, waiting, agents)
  VALUES (%s, now() + interval '10 minutes', true, now(), '{}', '[]') RETURNING name"""
TALKS = """INSERT INTO calls (call_id, agent, first_at, answered_at, waited, missed, outward, events, case_id)
  VALUES (%s, 'operator', now(), now(), 3, false, false, '{}', %s) RETURNING id"""


@pytest.mark.parametrize("locale", LOCALES)
def test_the_own_call_is_ended_from_its_line(visit: Visit, stage: Stage, locale: str) -> None:
    case_id = stage.alarm(stage.quiet_device())
    call, exchange = f"asterisk:{locale}.1", f"exchange-{locale}"
    stage.query("UPDATE cases SET cause = 'call' WHERE id = %s RETURNING id", case_id)
    stage.query(LISTENS, exchange)
    ((call_id,),) = stage.query(TALKS, call, case_id)
    for username in ("operator2", "operator"):
        visitor = visit(locale)
        page, words = visitor.enter(username, f"/console/case/{case_id}"), visitor.words
        line = page.get_by_test_id("calls").get_by_role("listitem")
        button = line.get_by_role("button", name=words("calls.hang_up_own"), exact=True)
        expect(line).to_contain_text(words("calls.talking"))
        if username == "operator2":
            expect(button).to_have_count(0)
            continue
        assert serious(page) == []
        button.click()
        expect(line).to_contain_text(words("calls.ending"))
        expect(button).to_be_disabled()
        expect(page.get_by_text(words("event.call_ended", who="").strip()).first).to_be_visible()
    ((asked,),) = stage.query("SELECT end_asked_at IS NOT NULL FROM calls WHERE id = %s", call_id)
    assert asked
    stage.query("UPDATE calls SET ended_at = now() WHERE id = %s RETURNING id", call_id)
    stage.query("DELETE FROM exchanges WHERE name = %s RETURNING name", exchange)
    stage.close(case_id)
