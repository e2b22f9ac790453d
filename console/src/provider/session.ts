import { ref, shallowRef } from 'vue'
import { setZone } from '@/i18n/zone'
import { ask, Failure, useCsrf, whenSignedOut } from '@/live/api'
import { learnServerTime } from '@/live/clock'
import { forgetToday, type Opened, readToday } from './kept'

interface Answer {
  user: { id: string; name: string }
  may: string[]
  pending: string | null
  csrf_token: string
  demo: boolean
  server_time: string
  timezone: string
}

/** `out`: nobody is signed in. `expired`: somebody was, and what they wrote stays on the screen behind the sheet. */
export const phase = ref<'asking' | 'unreached' | 'out' | 'in' | 'expired'>('asking')
export const user = shallowRef<Answer['user'] | null>(null)
export const demo = ref(false)
/** The centre has said who this is. Until then the page shows what the telephone has kept, and sends nothing. */
export const confirmed = ref(false)
/** What the page was opened with where the centre could not be asked. */
export const opened = shallowRef<Opened | null>(null)

/** Somebody signed out where there was no network: the centre hears of it first of all. */
const LEFT = 'provider.left'

const AGAIN_MS = 3_000

function enter(answer: Answer): void {
  if (answer.pending || !answer.may.includes('jobs')) throw new Failure(answer.pending ? 'pending' : 'no-helper', 403, null)
  useCsrf(answer.csrf_token)
  learnServerTime(answer.server_time)
  setZone(answer.timezone)
  user.value = answer.user
  phase.value = 'in'
  confirmed.value = true
}

let again = 0

export async function resume(): Promise<void> {
  clearTimeout(again)
  try {
    const answer = await ask<Answer>('/session')
    if (localStorage.getItem(LEFT)) await leave(answer)
    else enter(answer)
  } catch (error) {
    const failure = error instanceof Failure ? error : null
    if (failure?.status === 401 || failure?.status === 403) {
      demo.value = failure.extra<boolean>('demo') ?? false
      await out()
      return
    }
    if (phase.value === 'asking') await openKept()
    again = window.setTimeout(() => void resume(), AGAIN_MS)
  }
}

async function openKept(): Promise<void> {
  opened.value = localStorage.getItem(LEFT) ? null : await readToday()
  user.value = opened.value?.user ?? null
  phase.value = opened.value ? 'in' : 'unreached'
}

async function leave(answer: Answer): Promise<void> {
  useCsrf(answer.csrf_token)
  await ask('/session', { method: 'DELETE' })
  localStorage.removeItem(LEFT)
  demo.value = answer.demo
  await out()
}

/** Nobody is signed in: nothing of a home stays on this telephone but what waits for the centre. */
async function out(): Promise<void> {
  confirmed.value = false
  opened.value = null
  user.value = null
  phase.value = 'out'
  await forgetToday()
}

export async function signIn(username: string, password: string, code: string): Promise<void> {
  enter(await ask<Answer>('/session', { method: 'POST', body: { username, password, code: code || undefined } }))
  localStorage.removeItem(LEFT)
}

export async function signOut(): Promise<void> {
  await ask('/session', { method: 'DELETE' }).catch(() => localStorage.setItem(LEFT, '1'))
  await out()
}

whenSignedOut(() => {
  if (phase.value !== 'in') return
  confirmed.value = false
  phase.value = 'expired'
  void forgetToday()
})
