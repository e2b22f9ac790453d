import { asFailure, ask, Failure, newKey } from '@/live/api'
import { useLink } from '@/live/link'
import { useLive } from '@/live/store'
import { useSession } from '@/session/store'
import type { CaseRow } from '@/live/types'
import { ref } from 'vue'

/**
 * A note is never lost: it is in the browser with every key, on the server a second later, and a
 * note that was saved while the line was cut waits here and goes out by itself.
 */
interface Waiting { caseId: string; text: string; uuid: string; user: string; at: number }

const QUEUE = 'console.notes'
export const waitingNotes = ref<Waiting[]>(read())

function read(): Waiting[] {
  try {
    return JSON.parse(localStorage.getItem(QUEUE) ?? '[]') as Waiting[]
  } catch {
    return []
  }
}

function write(notes: Waiting[]): void {
  waitingNotes.value = notes
  localStorage.setItem(QUEUE, JSON.stringify(notes))
}

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

export async function sendDraft(caseId: string, text: string, tab = TAB): Promise<boolean> {
  try {
    await ask(`/cases/${caseId}/draft`, { method: 'PUT', body: { text, tab } })
    return true
  } catch {
    return false
  }
}

/** Answers "saved" when the server has it, "queued" when it waits for the line, or the failure. */
export async function saveNote(caseId: string, text: string, uuid = newKey()): Promise<'saved' | 'queued' | Failure> {
  const note: Waiting = { caseId, text, uuid, user: useSession().user?.id ?? '', at: Date.now() }
  if (useLink().lost) {
    write([...waitingNotes.value, note])
    return 'queued'
  }
  try {
    await send(note)
    return 'saved'
  } catch (error) {
    const failure = asFailure(error)
    if (failure.status !== 0) return failure
    write([...waitingNotes.value, note])
    return 'queued'
  }
}

async function send(note: Waiting): Promise<void> {
  const row = await ask<CaseRow>(`/cases/${note.caseId}/notes`, {
    method: 'POST',
    body: { text: note.text, client_uuid: note.uuid, tab: TAB },
    key: note.uuid,
  })
  if (row?.id) useLive().accept(row)
}

let flushing = false
/** Sends what waits, oldest first, each once: the key makes a second sending harmless. */
export async function flushNotes(): Promise<void> {
  if (flushing || !waitingNotes.value.length || useLink().lost) return
  flushing = true
  const me = useSession().user?.id
  try {
    for (const note of waitingNotes.value.filter(({ user }) => user === me)) {
      try {
        await send(note)
      } catch (error) {
        if (!(error instanceof Failure) || error.status === 0 || error.status === 401 || error.status >= 500) return
        keepDraft(note.caseId, note.text)
      }
      write(waitingNotes.value.filter(({ uuid }) => uuid !== note.uuid))
    }
  } finally {
    flushing = false
  }
}
