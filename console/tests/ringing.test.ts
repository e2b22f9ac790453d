import { expect, test } from 'vitest'
import type { CaseRow } from '@/live/types'
import { beginsToRing, rangOut } from '@/workplace/ringing'

function call(more: Partial<CaseRow> = {}): CaseRow {
  return { id: '1', cause: 'call', state: 'new', owner: null, flags: [], rings_for: null, ...more } as CaseRow
}
const owner = { id: '7', name: 'Chen', since: null }

test('a call opens at the desk where it rings and at no other', () => {
  const before = call({ rings_for: [] })
  const row = call({ rings_for: ['7'] })
  expect(beginsToRing({ row, before, gone: false }, '7', false)).toBe(true)
  expect(beginsToRing({ row, before, gone: false }, '8', false)).toBe(false)
  expect(beginsToRing({ row: before, before: null, gone: false }, '7', false)).toBe(false)
})

test('it opens once, also at a desk that already has the case', () => {
  const row = call({ rings_for: ['7'], owner })
  expect(beginsToRing({ row, before: call({ owner }), gone: false }, '7', false)).toBe(true)
  expect(beginsToRing({ row, before: row, gone: false }, '7', false)).toBe(false)
})

test('a console that is opened while the telephone rings shows the call', () => {
  expect(beginsToRing({ row: call({ rings_for: ['7'] }), before: null, gone: false }, '7', true)).toBe(true)
  expect(beginsToRing({ row: call(), before: null, gone: false }, '7', true)).toBe(false)
})

test('an exchange that does not say whose the call is lets it ring at every desk', () => {
  expect(beginsToRing({ row: call(), before: null, gone: false }, '7', false)).toBe(true)
  expect(beginsToRing({ row: call({ state: 'owned' }), before: null, gone: false }, '7', false)).toBe(false)
  expect(beginsToRing({ row: call({ flags: ['missed_call'] }), before: null, gone: false }, '7', false)).toBe(false)
})

test('what rang here and rings elsewhere is not shown any more', () => {
  expect(rangOut(call({ rings_for: ['8'] }), '7', false)).toBe(true)
  expect(rangOut(call({ rings_for: ['7'], owner }), '7', false)).toBe(false)
  expect(rangOut(call({ owner }), '7', false)).toBe(true)
  expect(rangOut(call(), '7', true)).toBe(true)
})
