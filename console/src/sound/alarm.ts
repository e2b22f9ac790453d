import { defineStore } from 'pinia'
import { computed, reactive, ref, watch } from 'vue'
import { useFloods } from '@/floor/floods'
import { now, serverNow } from '@/live/clock'
import type { Change } from '@/live/core'
import { useLink } from '@/live/link'
import { useLive } from '@/live/store'
import type { CaseRow } from '@/live/types'
import { useSession } from '@/session/store'
import { audible, play, Repeating, setVolume, unlock } from './player'

const SILENCE_MS = 60_000
const LOUDER_AFTER_MS = 30_000
const SIX_DECIBEL = 2
const FLOOD_LOOK_MS = 2_500

/** Which cases sound at this desk. Acknowledging by anyone ends it; silence is for me, for a minute. */
export const useAlarm = defineStore('alarm', () => {
  const live = useLive()
  const link = useLink()
  const session = useSession()
  const floods = useFloods()
  const silenced = reactive(new Map<string, { until: number; signals: number }>())
  const ducked = ref(false)
  const level = ref(Number(localStorage.getItem('console.volume') ?? '1'))

  const urgent = new Repeating('p1', 5)
  const high = new Repeating('p2', 30)
  const lostLine = new Repeating('lost', 10)
  let gain = 0

  const sounding = computed(() => {
    const me = session.user?.id
    return live.all.filter((row) => sounds(row, me))
  })
  const silentFor = computed(() => {
    const ends = [...silenced.values()].map(({ until }) => until).filter((until) => until > now.value)
    return ends.length ? Math.ceil((Math.max(...ends) - now.value) / 1000) : 0
  })

  function sounds(row: CaseRow, me: string | undefined): boolean {
    if (row.flags.includes('held')) return false
    if (row.flags.includes('ask_owner') && row.owner?.id === me) return true
    return row.state === 'new' && !row.owner && row.priority <= 2
  }

  function isSilent(row: CaseRow): boolean {
    const entry = silenced.get(row.id)
    return !!entry && entry.until > serverNow() && entry.signals >= row.signals
  }

  /** Called from the socket's handler: a hidden tab gets no animation frame and few timers. */
  function update(): void {
    if (session.phase !== 'in') return
    const loud = sounding.value.filter((row) => !isSilent(row))
    const first = loud.filter((row) => row.priority === 1 && !row.owner)
    const wanted = first.some(isPressing) ? SIX_DECIBEL : 1
    if (!first.length) urgent.stop()
    else if (gain && wanted !== gain) urgent.regain(wanted)
    if (first.length) urgent.start(wanted)
    gain = first.length ? wanted : 0
    if (loud.length > first.length) high.start(1)
    else high.stop()
  }

  function isPressing(row: CaseRow): boolean {
    return row.escalation >= 1 || serverNow() - Date.parse(row.waiting_since ?? row.opened_at) > LOUDER_AFTER_MS
  }

  function onChanges(changes: Change[], first: boolean): void {
    if (session.phase === 'in' && !first) for (const { row, before, gone } of changes) if (!gone) once(row, before)
    update()
  }

  function once(row: CaseRow, before: CaseRow | null): void {
    if (!before && row.state === 'new' && row.priority === 3) soundCalm(row)
    if (before && row.signals > before.signals && row.owner?.id === session.user?.id) play('p2')
    if (before && !before.flags.includes('returned') && row.flags.includes('returned')) play('fall')
  }

  /** In a flood the calm ones make no sound; a new alarm is known to be part of it a moment after it comes. */
  function soundCalm(row: CaseRow): void {
    if (!floods.mayBelong(row)) play('p3')
    else setTimeout(() => { if (!floods.isFlooded(row)) play('p3') }, FLOOD_LOOK_MS)
  }

  /** F8: stops the sound of what sounds now, here, for a minute. It neither acknowledges nor resolves. */
  function silence(): void {
    const until = serverNow() + SILENCE_MS
    for (const row of sounding.value) silenced.set(row.id, { until, signals: row.signals })
    update()
  }

  async function test(): Promise<boolean> {
    const ok = await unlock()
    play('test')
    update()
    return ok
  }

  function applyVolume(): void {
    const floor = sounding.value.some((row) => row.priority === 1 && !row.owner) ? 0.2 : 0
    setVolume(Math.max(floor, level.value * (ducked.value ? 0.3 : 1)))
  }

  live.listen(onChanges)
  link.whenLost((lost) => { if (lost && session.phase === 'in') lostLine.start(1); else lostLine.stop() })
  watch([level, ducked, () => sounding.value.length], applyVolume)
  watch(level, () => localStorage.setItem('console.volume', String(level.value)))
  watch(audible, (on) => { if (on) { urgent.stop(); high.stop(); update() } })
  watch(() => session.phase, () => { if (session.phase === 'in') update(); else { urgent.stop(); high.stop(); lostLine.stop() } })
  setInterval(update, 1_000)

  return { audible, level, ducked, sounding, silentFor, silence, test, unlock, isSilent }
})
