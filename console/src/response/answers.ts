import { computed, type ComputedRef } from 'vue'
import { t } from '@/i18n'
import { type Failure, newKey } from '@/live/api'
import { keepWaiting, say, waiting, type Waiting } from '@/live/waiting'
import { saveNote } from '@/case/notes'
import { seeResponse } from './store'
import type { Answer, CaseResponse, Script, Step } from './types'
import { asks, inWords } from './words'

/** An answer of a script is as dear as a note and waits for the line in the same queue. */
export function giveAnswer(id: string, script: Script, step: Step, answer: Answer, text: string): Promise<'saved' | 'queued' | Failure> {
  const was = script.answers[step.id]?.answer
  return say({
    kind: 'answer',
    caseId: id,
    path: `/cases/${id}/script/answers`,
    body: { script: script.code, step: step.id, answer: answer.id, was, text: text || undefined },
    key: newKey(),
    text: [asks(step), inWords(answer), text].filter(Boolean).join(' · '),
  })
}

/** What this case's answers that wait say, by step. */
export function useWaitingAnswers(id: string, code: () => string | undefined): ComputedRef<Record<string, Waiting>> {
  return computed(() => Object.fromEntries(
    waiting.value
      .filter(({ kind, caseId, body }) => kind === 'answer' && caseId === id && body.script === code())
      .map((one) => [String(one.body.step), one]),
  ))
}

keepWaiting('answer', {
  sent: ({ caseId }, answer) => seeResponse(caseId, answer as CaseResponse),
  // Somebody else answered while the line was cut. What was heard meanwhile stays on the record.
  refused: ({ caseId, text }) => void saveNote(caseId, t('script.as_note', { text })),
})
