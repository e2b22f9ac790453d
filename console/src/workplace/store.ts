import { defineStore } from 'pinia'
import { computed, reactive, ref, watch } from 'vue'
import { useActs } from '@/live/acts'
import { now, serverNow } from '@/live/clock'
import { useLink } from '@/live/link'
import { byUrgency } from '@/live/order'
import { useLive } from '@/live/store'
import type { CaseRow, ElderHit } from '@/live/types'
import { useAlarm } from '@/sound/alarm'
import { useSession } from '@/session/store'
import { beginsToRing, rangOut } from './ringing'
import { isHeld } from './rowtext'

export type Status = 'ready' | 'on_call' | 'wrap_up' | 'break' | 'away'
export const STATUSES: Status[] = ['ready', 'on_call', 'wrap_up', 'break', 'away']
export type CaseDialog =
  | 'close' | 'hold' | 'priority' | 'merge' | 'takeover' | 'release' | 'reopen' | 'dispatch' | 'follow_up' | 'callback' | 'handoff'

const WRAP_UP_MS = 90_000

/** What this operator is doing: the open case, the status, the dialogs, the incoming call that waits. */
export const useWorkplace = defineStore('workplace', () => {
  const live = useLive()
  const acts = useActs()
  const link = useLink()
  const session = useSession()

  const openId = ref<string | null>(null)
  const cursorId = ref<string | null>(null)
  const status = ref<Status>('ready')
  const statusSince = ref(serverNow())
  const breakFor = ref<Status | null>(null)
  const dialog = ref<{ kind: CaseDialog; id: string; preset?: Record<string, unknown> } | null>(null)
  const intake = reactive<{ open: boolean; elder: ElderHit | null; caller: string }>({ open: false, elder: null, caller: '' })
  const typing = ref(false)
  const ringing = ref<string | null>(null)
  const lastTaken = ref('')
  /** A text that another part wants the search box to look for. */
  const wantedSearch = ref<string | null>(null)

  const mine = computed(() => {
    const me = session.user?.id
    return live.all.filter((row) => row.owner?.id === me)
  })
  const unowned = computed(() => live.all.filter((row) => row.state === 'new' && !row.owner && !isHeld(row)))
  const next = computed<CaseRow | null>(() => unowned.value.reduce<CaseRow | null>((best, row) => (best && byNext(best, row) <= 0 ? best : row), null))
  const openRow = computed(() => live.find(openId.value))

  function isMine(row: CaseRow | null): boolean { return !!row?.owner && row.owner.id === session.user?.id }

  /** P1 before a ringing call, a ringing call before the rest. */
  function byNext(a: CaseRow, b: CaseRow): number {
    const rank = (row: CaseRow) => (row.priority === 1 ? 0 : row.cause === 'call' ? 1 : row.priority)
    return rank(a) - rank(b) || byUrgency(a, b)
  }

  function open(id: string | null): void {
    openId.value = id
    if (id) cursorId.value = id
    if (id && id === ringing.value) ringing.value = null
  }

  async function take(id: string): Promise<void> {
    if (link.lost) return
    open(id)
    const row = await acts.take(id)
    if (row) lastTaken.value = id
  }

  async function takeNext(): Promise<void> {
    const calling = mine.value.find((row) => row.flags.includes('ask_owner') || row.flags.includes('new_signal'))
    if (next.value) await take(next.value.id)
    else if (calling) open(calling.id)
  }

  function setStatus(to: Status): void {
    status.value = to
    statusSince.value = serverNow()
    useAlarm().ducked = to === 'on_call'
  }

  /** What the server knows, perhaps from another window or from before a reload. */
  function adopt(to: Status, since: number): void {
    status.value = to
    statusSince.value = since
    useAlarm().ducked = to === 'on_call'
  }

  /** A break or going away with cases in hand: the dialog asks first who looks after them. */
  function wantStatus(to: Status): void {
    const inHand = mine.value.some((row) => row.state !== 'pending_follow_up')
    if ((to === 'break' || to === 'away') && inHand && !link.lost) breakFor.value = to
    else setStatus(to)
  }

  function ask(kind: CaseDialog, id = openId.value, preset: Record<string, unknown> = {}): void {
    const row = live.find(id)
    if (!id || !row || link.lost) return
    if (kind === 'hold' && row.priority === 1) return
    dialog.value = { kind, id, preset }
  }

  function startIntake(elder: ElderHit | null = null, caller = ''): void {
    Object.assign(intake, { open: true, elder, caller })
  }

  function isIdle(): boolean {
    return status.value === 'ready' && !typing.value && !dialog.value && !intake.open && !openRow.value
  }

  /** A call comes in: it opens by itself only when nobody is in the middle of anything. */
  function popCall(row: CaseRow): void {
    if (isIdle()) open(row.id)
    else ringing.value = row.id
  }

  live.listen((changes, first) => {
    for (const { row, before, gone } of changes) {
      if (beginsToRing({ row, before, gone }, session.user?.id, first)) popCall(row)
      // The elder of my own case presses again.
      if (before && !gone && row.signals > before.signals && isMine(row) && isIdle()) open(row.id)
      if (row.id === ringing.value && rangOut(row, session.user?.id, gone)) ringing.value = null
    }
  })
  watch(now, () => {
    if (status.value === 'wrap_up' && now.value - statusSince.value > WRAP_UP_MS) setStatus('ready')
  })

  return {
    openId, cursorId, openRow, status, statusSince, dialog, intake, typing, ringing, lastTaken, wantedSearch, mine, unowned, next,
    isHeld, isMine, open, take, takeNext, breakFor, setStatus, wantStatus, adopt, ask, startIntake,
  }
})
