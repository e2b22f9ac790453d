import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import { ask } from '@/live/api'
import { useLink } from '@/live/link'
import { useLive } from '@/live/store'
import type { Named } from '@/live/types'
import { useSession } from '@/session/store'
import { type Status, useWorkplace } from '@/workplace/store'
import type { Broadcast, CallBack, HandoverSummary } from './types'

const BEAT_MS = 10_000

interface News {
  status: Status
  status_since: string
  viewers: Named[]
  callbacks: CallBack[]
  broadcasts: Broadcast[]
  handovers: HandoverSummary[]
}

/** Where I am and what waits for me: said to the server every ten seconds, which answers with the news. */
export const useFloor = defineStore('floor', () => {
  const work = useWorkplace()
  const link = useLink()
  const live = useLive()
  const session = useSession()

  const viewers = shallowRef<Named[]>([])
  const callbacks = shallowRef<CallBack[]>([])
  const broadcasts = shallowRef<Broadcast[]>([])
  const handovers = shallowRef<HandoverSummary[]>([])
  /** What the server knows as my status; null: not asked yet. */
  let told: Status | null = null
  /** I have chosen another one, and the server has not heard of it yet. */
  let chosen = false
  let asking = false
  let again = false

  const mine = computed(() => callbacks.value.filter((one) => one.by.id === session.user?.id))
  const late = computed(() => callbacks.value.filter((one) => one.late_at))
  const toMe = computed(() => handovers.value.filter((one) => !one.mine))
  const fromMe = computed(() => handovers.value.find((one) => one.mine) ?? null)

  async function beat(): Promise<void> {
    if (session.phase !== 'in' || link.lost || !session.can('cases_read')) return
    if (asking) {
      again = true
      return
    }
    asking = true
    const said = work.status
    try {
      const body = { status: chosen ? said : undefined, seat: session.seat, case_id: work.openId }
      const news = await ask<News>('/floor/me', { method: 'PUT', body })
      take(news, said)
    } catch {
      // The link says by itself when it is lost; the next beat says it all again.
    } finally {
      asking = false
      if (again) {
        again = false
        void beat()
      }
    }
  }

  function take(news: News, said: Status): void {
    viewers.value = news.viewers
    callbacks.value = news.callbacks
    broadcasts.value = news.broadcasts
    handovers.value = news.handovers
    told = news.status
    if (chosen && work.status === said) chosen = false
    if (!chosen) work.adopt(news.status, Date.parse(news.status_since))
  }

  async function confirm(id: string): Promise<void> {
    await ask(`/broadcasts/${id}/confirm`, { method: 'POST' })
    broadcasts.value = broadcasts.value.filter((one) => one.id !== id)
  }

  async function leave(): Promise<void> {
    told = null
    chosen = false
    await ask('/floor/me', { method: 'DELETE' }).catch(() => undefined)
  }

  watch(() => work.status, (to) => { if (to !== told) chosen = true })
  watch(() => [work.status, work.openId, session.phase, link.lost], () => void beat(), { immediate: true })
  // A call-back comes due: its case says so in the live list, at once.
  live.listen((changes) => {
    if (changes.some(({ row, before }) => row.last_event?.kind.startsWith('callback') && row.version !== before?.version)) void beat()
  })
  setInterval(() => void beat(), BEAT_MS)

  return { viewers, callbacks, broadcasts, handovers, mine, late, toMe, fromMe, beat, confirm, leave }
})
