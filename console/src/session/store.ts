import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { setZone } from '@/i18n/zone'
import { ask, Failure, useCsrf, whenSignedOut } from '@/live/api'
import { learnServerTime } from '@/live/clock'
import { useLink } from '@/live/link'
import { useLive } from '@/live/store'
import type { Desk, SessionAnswer, User } from '@/live/types'

export type SessionPhase = 'asking' | 'out' | 'step' | 'starting' | 'in' | 'expired'

const SHIFT = 'console.shift'
const LOOK_MS = 60_000

const NO_DESK: Desk = { outcomes: [], hold_reasons: [], helps: [], note_quick: [], kinds: [], causes: [] }

/** Who sits here, and what the desk offers. */
export const useSession = defineStore('session', () => {
  const phase = ref<SessionPhase>('asking')
  const user = shallowRef<User | null>(null)
  const demo = ref(false)
  const seat = ref(localStorage.getItem('console.seat') ?? '')
  const desk = shallowRef<Desk>(NO_DESK)

  const rights = shallowRef<Set<string>>(new Set())
  const pending = ref<SessionAnswer['pending']>(null)

  /** What the server lets this person do; it decides again with every request. */
  function can(right: string): boolean { return rights.value.has(right) }
  const isSupervisor = computed(() => can('cases_supervise'))
  /** Works on cases at the desk; others look, and some of them write notes. */
  const works = computed(() => can('cases_work'))

  function enter(answer: SessionAnswer): void {
    useCsrf(answer.csrf_token)
    learnServerTime(answer.server_time)
    setZone(answer.timezone)
    const same = user.value?.id === answer.user.id
    user.value = answer.user
    demo.value = answer.demo
    rights.value = new Set(answer.may)
    pending.value = answer.pending
    if (answer.pending) {
      phase.value = 'step'
      return
    }
    const onShift = sessionStorage.getItem(SHIFT) === answer.user.id
    phase.value = (phase.value === 'expired' && same) || onShift || !works.value ? 'in' : 'starting'
    if (!can('cases_read')) return
    void loadDesk()
    useLink().open(answer)
  }

  async function loadDesk(): Promise<void> {
    try {
      desk.value = await ask<Desk>('/desk')
    } catch {
      setTimeout(() => { if (user.value) void loadDesk() }, 3_000)
    }
  }

  async function resume(): Promise<void> {
    try {
      enter(await ask<SessionAnswer>('/session'))
    } catch (error) {
      if (error instanceof Failure && error.status === 401) {
        demo.value = error.extra<boolean>('demo') ?? false
        phase.value = 'out'
      } else {
        setTimeout(() => void resume(), 1_500)
      }
    }
  }

  async function signIn(username: string, password: string, code = ''): Promise<void> {
    const body = { username, password, code: code || undefined }
    enter(await ask<SessionAnswer>('/session', { method: 'POST', body }))
  }

  /** A session that ran out while nobody touched anything says so by itself. */
  async function look(): Promise<void> {
    if (phase.value !== 'in' && phase.value !== 'starting') return
    try {
      await ask<SessionAnswer>('/session')
    } catch (error) {
      if (error instanceof Failure && error.status === 401) expire()
    }
  }
  setInterval(() => void look(), LOOK_MS)

  function startShift(chosen: string): void {
    seat.value = chosen
    localStorage.setItem('console.seat', chosen)
    if (user.value) sessionStorage.setItem(SHIFT, user.value.id)
    phase.value = 'in'
  }

  async function signOut(): Promise<void> {
    try {
      await ask('/session', { method: 'DELETE' })
    } finally {
      useLink().close()
      useLive().forget()
      sessionStorage.removeItem(SHIFT)
      user.value = null
      phase.value = 'out'
    }
  }

  /** The server forgot us; the work stays on the screen and a sheet asks for the password. */
  function expire(): void {
    if (phase.value === 'in' || phase.value === 'starting') phase.value = 'expired'
  }
  whenSignedOut(expire)
  useLink().whenRefused(expire)

  return { phase, user, demo, seat, desk, pending, can, isSupervisor, works, resume, signIn, startShift, signOut, look }
})
