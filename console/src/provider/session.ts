import { ref, shallowRef } from 'vue'
import { setZone } from '@/i18n/zone'
import { ask, Failure, useCsrf, whenSignedOut } from '@/live/api'
import { learnServerTime } from '@/live/clock'

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

const AGAIN_MS = 3_000

function enter(answer: Answer): void {
  if (answer.pending || !answer.may.includes('jobs')) throw new Failure(answer.pending ? 'pending' : 'no-helper', 403, null)
  useCsrf(answer.csrf_token)
  learnServerTime(answer.server_time)
  setZone(answer.timezone)
  user.value = answer.user
  phase.value = 'in'
}

export async function resume(): Promise<void> {
  try {
    enter(await ask<Answer>('/session'))
  } catch (error) {
    const failure = error instanceof Failure ? error : null
    if (failure?.status === 401 || failure?.status === 403) {
      demo.value = failure.extra<boolean>('demo') ?? false
      phase.value = 'out'
      return
    }
    phase.value = 'unreached'
    setTimeout(() => void resume(), AGAIN_MS)
  }
}

export async function signIn(username: string, password: string, code: string): Promise<void> {
  enter(await ask<Answer>('/session', { method: 'POST', body: { username, password, code: code || undefined } }))
}

export async function signOut(): Promise<void> {
  await ask('/session', { method: 'DELETE' }).catch(() => undefined)
  user.value = null
  phase.value = 'out'
}

whenSignedOut(() => { if (phase.value === 'in') phase.value = 'expired' })
