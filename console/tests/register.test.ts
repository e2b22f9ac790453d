import { describe, expect, it } from 'vitest'
import { icd, preview, type Answers } from '@/register/assess/score'
import { sheet } from '@/register/spread/geometry'
import type { AreaNode, Standard } from '@/register/types'

const names = { zh: '', en: '' }
const item = (id: string, max: number) => ({ code: id, id, max, name: names })
/** The shape of GB/T 42195-2022: 90 points in four groups. */
const standard: Standard = {
  code: 'GB/T 42195-2022', version: '2022', name: names, sets_level: true, assessors: 2, full_score: 90, coma_item: 'consciousness',
  levels: [[0, 90, 90], [1, 66, 89], [2, 46, 65], [3, 30, 45], [4, 0, 29]].map(([level, from, to]) => ({ level: level!, name: names, from: from!, to: to! })),
  groups: [
    { code: 'B1', name: names, max: 88, items: [item('self', 88)] },
    { code: 'B3', name: names, max: 2, items: [item('consciousness', 2)] },
  ],
  reasons: ['first'], risk_kinds: ['fall'],
  changes: { risk_days: 30, risk_events: 2, dementia: ['F00', 'F03'], other_mental: ['F04', 'F99'] },
}
const answers = (self: number, more: Partial<Answers> = {}): Answers => ({ scores: { self, consciousness: 2 }, coma: false, diagnoses: [], risk_events: [], on: '2026-11-24', ...more })

describe('the level that is shown while the form is filled in', () => {
  it.each([[88, 0], [87, 1], [64, 1], [63, 2], [44, 2], [43, 3], [28, 3], [27, 4], [0, 4]])('%i points in the first group make level %i', (self, level) => {
    expect(preview(standard, answers(self))).toMatchObject({ total: self + 2, preliminary: level, final: level, left: 0 })
  })

  it('says nothing before every item has a score', () => {
    expect(preview(standard, answers(50, { scores: { self: 50 } }))).toMatchObject({ left: 1, preliminary: null, final: null })
  })

  it('is 4 in a coma, whatever was scored, and the coma item counts nothing', () => {
    expect(preview(standard, answers(88, { coma: true }))).toMatchObject({ total: 88, final: 4, changes: ['coma'], left: 0 })
  })

  it('is one worse for each of three reasons, and once for all of them together', () => {
    const events = [{ kind: 'fall', on: '2026-11-24' }, { kind: 'fall', on: '2026-10-25' }]
    const dementia = [{ code: 'f01.9', by_psychiatrist: false }]
    expect(preview(standard, answers(63, { diagnoses: dementia })).final).toBe(3)
    expect(preview(standard, answers(63, { diagnoses: [{ code: 'F32', by_psychiatrist: false }] })).final).toBe(2)
    expect(preview(standard, answers(63, { diagnoses: [{ code: 'F32', by_psychiatrist: true }] })).changes).toEqual(['mental_disorder'])
    expect(preview(standard, answers(63, { risk_events: events })).final).toBe(3)
    expect(preview(standard, answers(63, { risk_events: events, diagnoses: dementia }))).toMatchObject({ final: 3, changes: ['dementia', 'risk_events'] })
    expect(preview(standard, answers(0, { diagnoses: dementia })).final).toBe(4)
  })

  it('counts care-risk events of thirty days, the day itself included', () => {
    const on = (second: string) => preview(standard, answers(63, { risk_events: [{ kind: 'fall', on: '2026-11-24' }, { kind: 'fall', on: second }] })).final
    expect([on('2026-10-25'), on('2026-10-24'), on('2026-11-25'), on('')]).toEqual([3, 2, 2, 2])
  })

  it('reads an ICD-10 code and nothing else', () => {
    expect(['F01.9', ' f03 ', 'F1', 'dementia', ''].map(icd)).toEqual(['F01', 'F03', null, null, null])
  })
})

describe('the map of areas', () => {
  const area = (id: string, lat: number | null, lon: number | null): AreaNode => ({ id, name: id, level: 3, parent_id: '1', lat, lon })

  it('puts north up, east right, and a kilometre as long both ways', () => {
    const drawn = sheet([area('a', 45, 131), area('b', 46, 131), area('c', 45, 132)], new Map([['a', 100], ['b', 25]]), 760, 560)
    const at = (id: string) => drawn.bubbles.find((one) => one.id === id)!
    expect(at('b').y).toBeLessThan(at('a').y)
    expect(at('c').x).toBeGreaterThan(at('a').x)
    const ratio = (at('c').x - at('a').x) / (at('a').y - at('b').y)
    expect(ratio).toBeCloseTo(Math.cos((45.5 * Math.PI) / 180), 2)
    expect(at('a').r / at('b').r).toBeCloseTo(2)
    for (const one of drawn.bubbles) expect([one.x - one.r >= 0, one.x + one.r <= 760, one.y - one.r >= 0, one.y + one.r <= 560]).toEqual([true, true, true, true])
  })

  it.each([3, 24, 100])('never lays two names of %i areas of one point upon each other', (n) => {
    const areas = Array.from({ length: n }, (_, index) => area(`area${index}`, 45, 131))
    const { bubbles } = sheet(areas, new Map(areas.map((one, index) => [one.id, 10 + index])), 760, 560)
    const named = bubbles.filter((one) => one.named)
    expect(named.length).toBeGreaterThanOrEqual(Math.min(n, 24))
    for (const [index, one] of named.entries()) {
      expect([one.x - one.r >= 0, one.x + one.r <= 760, one.y - one.r >= 0, one.y + one.r + 20 <= 560]).toEqual([true, true, true, true])
      for (const other of named.slice(index + 1)) expect(Math.abs(one.x - other.x) >= 74 || Math.abs(one.y - other.y) >= one.r + other.r + 20).toBe(true)
    }
  })

  it('works with one point, with none, and leaves out areas without one', () => {
    expect(sheet([area('a', 45, 131)], new Map(), 760, 560).bubbles).toMatchObject([{ x: 380, y: 280 }])
    expect(sheet([area('a', null, null)], new Map([['a', 5]]), 760, 560).bubbles).toEqual([])
    expect(sheet([], new Map(), 760, 560).scale).toBeNull()
  })
})
