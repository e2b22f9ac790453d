import { ref } from 'vue'
import { useSession } from '@/session/store'
import { asFailure, ask, type Failure } from './api'
import { useLink } from './link'

/**
 * What an operator has said and the server has not: it waits here while the line is cut, also over a reload, and goes out
 * by itself, oldest first and each once, for the key makes a second sending harmless.
 */
export interface Waiting {
  kind: 'note' | 'answer'
  caseId: string
  path: string
  body: Record<string, unknown>
  key: string
  /** In words. What is refused later becomes a draft, so that it is not lost. */
  text: string
  user: string
  at: number
}

/** What to do with the server's answer, and with what it refuses after all. */
interface Keeper { sent: (one: Waiting, answer: unknown) => void; refused: (one: Waiting) => void }

const QUEUE = 'console.waiting'
const AGAIN_MS = 3_000
/** Shorter than elsewhere: who talks and asks must not wait to learn that the line is cut. */
const PATIENCE_MS = 4_000
const keepers = new Map<Waiting['kind'], Keeper>()
export const waiting = ref<Waiting[]>(read())

export function keepWaiting(kind: Waiting['kind'], keeper: Keeper): void {
  keepers.set(kind, keeper)
}

function read(): Waiting[] {
  try {
    return JSON.parse(localStorage.getItem(QUEUE) ?? '[]') as Waiting[]
  } catch {
    return []
  }
}

function write(left: Waiting[]): void {
  waiting.value = left
  localStorage.setItem(QUEUE, JSON.stringify(left))
}

/** "saved" when the server has it, "queued" when it waits for the line, or the failure. */
export async function say(said: Omit<Waiting, 'user' | 'at'>): Promise<'saved' | 'queued' | Failure> {
  const one: Waiting = { ...said, user: useSession().user?.id ?? '', at: Date.now() }
  // An answer that overtakes an earlier one would be an answer to nothing.
  const behind = waiting.value.some(({ kind, caseId }) => kind === one.kind && caseId === one.caseId)
  if (useLink().lost || behind) return queue(one)
  try {
    await send(one)
    return 'saved'
  } catch (error) {
    const failure = asFailure(error)
    return failure.status === 0 ? queue(one) : failure
  }
}

function queue(one: Waiting): 'queued' {
  write([...waiting.value, one])
  setTimeout(() => void flush(), AGAIN_MS)
  return 'queued'
}

async function send(one: Waiting): Promise<void> {
  const answer = await ask<unknown>(one.path, { method: 'POST', body: one.body, key: one.key, timeout: PATIENCE_MS })
  keepers.get(one.kind)?.sent(one, answer)
}

let flushing = false
export async function flush(): Promise<void> {
  if (flushing || !waiting.value.length || useLink().lost) return
  flushing = true
  const me = useSession().user?.id
  try {
    for (const one of waiting.value.filter(({ user }) => user === me)) {
      try {
        await send(one)
      } catch (error) {
        const { status } = asFailure(error)
        if (status === 0 || status === 401 || status >= 500) {
          setTimeout(() => void flush(), AGAIN_MS)
          return
        }
        keepers.get(one.kind)?.refused(one)
      }
      write(waiting.value.filter(({ key }) => key !== one.key))
    }
  } finally {
    flushing = false
  }
}
