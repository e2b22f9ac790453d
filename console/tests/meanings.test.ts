import { describe, expect, it } from 'vitest'
import { others, rowsOf, textOf, wordsOf } from '../src/meanings/rows'
import type { Meanings, SubjectOf } from '../src/meanings/types'

const NONE = { actions: {}, states: {} }
const subject: SubjectOf = {
  scope: 'model', name: 'TS77', version: '3', configured: { actions: { single: 'sos' }, states: {} },
  laid: { actions: { single: 'ignore' }, states: { contact: { false: 'bed' } } },
  under: { actions: { single: 'sos', emergency: 'sos' }, states: { smoke: { true: 'smoke' } } },
}
const found: Meanings = {
  number: '0x1', device_id: null, model: 'TS77', way: 'mqtt', kinds: [], effective: NONE, device: subject, of_model: subject, may_save: { device: true, model: true },
  heard: { words: [{ word: 'double', count: 4, means: null }], states: [{ name: 'contact', values: [{ value: 'true', count: 1, means: null }, { value: 'false', count: 2, means: 'bed' }] }] },
}

describe('the lines of what words mean', () => {
  it('say what was said, what stands underneath and what was heard, each once', () => {
    const rows = rowsOf(found, subject, 'Double')
    expect(rows.map((row) => [row.name, row.value, row.means, row.under, row.heard])).toEqual([
      ['single', null, 'ignore', 'sos', 0],
      ['contact', 'false', 'bed', null, 2],
      ['double', null, '', null, 4],
      ['contact', 'true', '', null, 1],
    ])
    expect(wordsOf(rows)).toEqual(subject.laid)
    expect(others(subject, rows)).toEqual([{ key: 'emergency', means: 'sos' }, { key: 'smoke=true', means: 'smoke' }])
  })

  it('leave out what is not set', () => {
    const rows = rowsOf(found, { ...subject, laid: null }, '')
    expect(wordsOf(rows)).toEqual(NONE)
    rows.find((row) => row.name === 'double')!.means = 'sos'
    expect(wordsOf(rows)).toEqual({ actions: { double: 'sos' }, states: {} })
  })

  it('compare words as the server does', () => {
    expect([' ON ', 'off', 'Single'].map(textOf)).toEqual(['true', 'false', 'single'])
  })
})
