import { describe, expect, it } from 'vitest'
import type { Answer, Script, Step } from '@/response/types'
import { doneOf, handoffOf, wayOf } from '@/response/walk'

const words = { zh: '问', en: 'Ask' }
const answer = (id: string, to: Partial<Answer>): Answer => ({ id, zh: id, en: id, do: [], ...to })
const step = (id: string, ...answers: Answer[]): Step => ({ id, ask: words, must: true, tip: null, offer: [], answers })

const voice = step('voice', answer('talks', { next: 'need' }), answer('silent', { script: 'sos_silent' }))
const need = step('need', answer('ill', { next: 'signs' }), answer('mistake', { next: 'end' }))
const signs = step('signs', answer('none', { next: 'end' }), answer('some', { next: 'end', do: [{ priority: '1' }, { handoff: '120' }, 'cascade'] }))

function script(answers: Record<string, string>): Script {
  const given = Object.entries(answers).map(([id, one]) => [id, { answer: one, at: '', by: '', question: words, reply: words, text: null }])
  return {
    code: 'sos', version: 1, name: words, begun: true, ended: false, current: null, steps: [voice], later: [need, signs], ahead: 2,
    answers: Object.fromEntries(given), open_must: [], set_off: [], reason_needed: false, earlier: [],
  }
}

describe('the way through a script', () => {
  it('goes over what was answered and waits at the next step', () => {
    expect(wayOf(script({}), {}).current?.id).toBe('voice')
    const way = wayOf(script({ voice: 'talks' }), {})
    expect([way.steps.map(({ id }) => id), way.current?.id]).toEqual([['voice', 'need'], 'need'])
  })

  it('goes on over answers that wait for the line, and a correction among them changes it', () => {
    expect(wayOf(script({ voice: 'talks' }), { need: 'ill' }).current?.id).toBe('signs')
    expect(wayOf(script({ voice: 'talks', need: 'ill' }), { need: 'mistake' }).current).toBeNull()
  })

  it('ends where another script begins', () => {
    expect(wayOf(script({ voice: 'silent' }), {})).toMatchObject({ current: null, leadsTo: 'sos_silent' })
  })

  it('passes over an answer that the step does not have', () => {
    expect(wayOf(script({ voice: 'gone' }), {}).current?.id).toBe('voice')
  })
})

describe('what an answer sets off', () => {
  it('names the sheet that opens', () => {
    expect(signs.answers.map(handoffOf)).toEqual([null, '120'])
  })

  it('is a word, or a word with its value', () => {
    expect(['cascade' as const, { priority: '1' }].map(doneOf)).toEqual([{ what: 'cascade', value: '' }, { what: 'priority', value: '1' }])
  })
})
