import { computed, ref } from 'vue'
import { ask, type Failure, newKey } from '@/live/api'
import { useLive } from '@/live/store'
import type { CaseRow } from '@/live/types'
import { keepWaiting, say, waiting } from '@/live/waiting'
import { useSession } from '@/session/store'

/**
 * A note is never lost: it is in the browser with every key, on the server a second later, and a
 * note that was saved while the line was cut waits in `live/waiting.ts`.
 */
export const waitingNotes = computed(() => waiting.value.filter(({ kind }) => kind === 'note'))

/** This window's name; it lasts through a reload. Two windows of one person keep a draft each. */
export const TAB = sessionStorage.getItem('console.tab') ?? newKey().slice(0, 12)
sessionStorage.setItem('console.tab', TAB)

const allOf = (caseId: string) => `console.draft.${useSession().user?.id ?? ''}.${caseId}`
const draftKey = (caseId: string) => `${allOf(caseId)}.${TAB}`

/** This window's draft, or one that a window left behind which is there no more. */
export function localDraft(caseId: string): string {
  const own = localStorage.getItem(draftKey(caseId))
  if (own) return own
  const left = Object.keys(localStorage).filter((key) => key === allOf(caseId) || key.startsWith(`${allOf(caseId)}.`))
  return left.map((key) => localStorage.getItem(key) ?? '').find(Boolean) ?? ''
}

export function keepDraft(caseId: string, text: string): void {
  if (text) localStorage.setItem(draftKey(caseId), text)
  else localStorage.removeItem(draftKey(caseId))
}

/** What went into a note is a draft no more, in whatever window it was begun; what did not stays. */
export function usedInNote(caseId: string, note: string): void {
  localStorage.removeItem(draftKey(caseId))
  for (const key of Object.keys(localStorage)) {
    const ours = key === allOf(caseId) || key.startsWith(`${allOf(caseId)}.`)
    if (ours && note.includes((localStorage.getItem(key) ?? '').trim())) localStorage.removeItem(key)
  }
}

/** The case whose draft went into something else, such as the text of its closing. */
export const usedDraft = ref('')

export function useUpDraft(caseId: string): void {
  usedInNote(caseId, localDraft(caseId))
  usedDraft.value = caseId
  void sendDraft(caseId, '')
}

/** Only those who work at the desk have drafts on the server; who may only ask keeps theirs in the browser. */
export async function sendDraft(caseId: string, text: string, tab = TAB): Promise<boolean> {
  if (!useSession().works) return false
  try {
    await ask(`/cases/${caseId}/draft`, { method: 'PUT', body: { text, tab } })
    return true
  } catch {
    return false
  }
}

/** Answers "saved" when the server has it, "queued" when it waits for the line, or the failure. */
export function saveNote(caseId: string, text: string, key = newKey()): Promise<'saved' | 'queued' | Failure> {
  const body = { text, client_uuid: key, tab: TAB }
  return say({ kind: 'note', caseId, path: `/cases/${caseId}/notes`, body, key, text })
}

keepWaiting('note', {
  sent: (_, answer) => {
    const row = answer as CaseRow | undefined
    if (row?.id) useLive().accept(row)
  },
  refused: ({ caseId, text }) => keepDraft(caseId, text),
})
