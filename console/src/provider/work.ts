/** The helper's offers and visits, what is on its way to the centre, and the clock that asks and sends again. */
import { computed, ref, shallowRef } from 'vue'
import { ask, asFailure, newKey } from '@/live/api'
import { learnServerTime, skew } from '@/live/clock'
import { sweep } from './drafts'
import { type Call, type Deed, type Entry, type Evidence, happenedAt, type Outcome, outcomeOf, Queue } from './queue'
import { keepToday } from './kept'
import { noteBuild } from './openable'
import { confirmed, opened, phase, resume, user } from './session'
import { shelf } from './shelf'
import type { Job, JobState, MyJobs, Position } from './types'

const LOOK_MS = 4_000
const HIDDEN_LOOK_MS = 20_000
const FLUSH_MS = 30_000
const PHOTO_MS = 60_000

export const mine = shallowRef<MyJobs | null>(null)
/** Since when the centre does not answer; null: it does. */
export const lostSince = ref<number | null>(null)
/** Signed in, and yet no helper: the centre has to link the two. */
export const unlinked = ref(false)
export const entries = shallowRef<Entry[]>([])
export const lastTry = ref<number | null>(null)
export const sending = ref(false)

export const waiting = computed(() => entries.value.filter(({ fate, owner }) => fate === 'waiting' && owner === user.value?.id))
export const others = computed(() => entries.value.filter(({ fate, owner }) => fate === 'waiting' && owner !== user.value?.id).length)
/** What became of things that did not simply arrive, until it is read. */
export const notices = computed(() => entries.value.filter(({ fate, owner }) => fate !== 'waiting' && owner === user.value?.id))

const queue = new Queue(shelf, send, (found) => { entries.value = found })

let timer = 0
let swept = false
let asking: Promise<void> | null = null

/** Ask now, and again after a while. Whoever asks meanwhile gets the same answer. */
export function refresh(): Promise<void> {
  asking ??= look().finally(() => {
    asking = null
    clearTimeout(timer)
    timer = window.setTimeout(() => void refresh(), document.hidden ? HIDDEN_LOOK_MS : LOOK_MS)
  })
  return asking
}

async function look(): Promise<void> {
  if (phase.value !== 'in') return
  try {
    const found = await ask<MyJobs>('/my/jobs')
    if (!swept) void sweep(found.jobs.map(({ assignment_id }) => assignment_id))
    swept = true
    mine.value = found
    learnServerTime(found.server_time)
    noteBuild(found.build)
    if (user.value && confirmed.value) keepToday(user.value, found)
    unlinked.value = false
    if (lostSince.value !== null) void flush()
    lostSince.value = null
  } catch (error) {
    const { status } = asFailure(error)
    unlinked.value = status === 404
    if (status === 0 || status >= 500) lostSince.value ??= Date.now()
  }
}

interface More { position?: Position | null; evidence?: Evidence; photo?: ArrayBuffer; uuid?: string; call?: Call }

/** On the disk first, then on its way. Settled when it is on the disk. */
export async function report(job: Pick<Job, 'assignment_id' | 'case_number'>, deed: Deed, more: More = {}): Promise<void> {
  await queue.add({
    uuid: more.uuid ?? newKey(),
    owner: user.value?.id ?? '',
    job: job.assignment_id,
    case_number: job.case_number,
    deed,
    device_at: new Date().toISOString(),
    offset_ms: Math.round(-skew.value),
    position: more.position ? { ...more.position } : null,
    evidence: { ...more.evidence },
    photo: more.photo ?? null,
    call: more.call,
    fate: 'waiting',
    why: '',
  })
  void flush()
}

export async function flush(): Promise<void> {
  if (phase.value === 'in' && !confirmed.value) await resume()
  if (phase.value !== 'in' || !user.value || !confirmed.value) return
  sending.value = true
  await queue.flush(user.value.id)
  sending.value = false
}

export const dismiss = (seq: number): Promise<void> => queue.dismiss(seq)
export const tryAgain = (seq: number): Promise<void> => queue.again(seq).then(flush)

async function send(entry: Entry): Promise<Outcome> {
  lastTry.value = Date.now()
  try {
    const path = entry.call?.path ?? `/assignments/${entry.job}/${entry.deed === 'photo' ? 'photos' : entry.deed}`
    const answer = await ask<{ applied?: boolean; why?: string | null; by?: string | null }>(path, {
      method: 'POST', body: bodyOf(entry), key: entry.call && entry.uuid, timeout: entry.photo ? PHOTO_MS : undefined,
    })
    void refresh()
    // What is to be said of it: it came too late, or the elder died or moved meanwhile.
    return answer.applied === false || answer.why ? { kind: 'late', why: answer.why ?? '', by: answer.by ?? undefined } : { kind: 'sent' }
  } catch (error) {
    const failure = asFailure(error)
    // The token of the session may be another one's by now: ask for it, and send again at the next turn.
    if (failure.status === 403) await resume()
    return outcomeOf(failure)
  }
}

function bodyOf(entry: Entry): object {
  const said = { client_uuid: entry.uuid, at: happenedAt(entry), ...entry.call?.body }
  if (entry.photo) {
    const form = new FormData()
    for (const [name, value] of Object.entries(said)) form.set(name, String(value))
    form.set('photo', new Blob([entry.photo], { type: entry.call?.type ?? 'image/jpeg' }), entry.uuid)
    return form
  }
  if (entry.call) return said
  return { ...said, device_at: entry.device_at, position: entry.position ?? undefined, evidence: entry.evidence }
}

const AFTER: Partial<Record<Deed, JobState>> = { depart: 'en_route', arrive: 'arrived', complete: 'completed' }
const RANK: JobState[] = ['accepted', 'en_route', 'arrived', 'completed']

/** How far a visit is by what was done here, though the centre may not have heard of it yet. */
export function stateOf(job: Job): JobState {
  if (!RANK.includes(job.state)) return job.state
  const done = waiting.value.filter((one) => one.job === job.assignment_id).map(({ deed }) => AFTER[deed])
  return [job.state, ...done].reduce<JobState>((far, one) => (one && RANK.indexOf(one) > RANK.indexOf(far) ? one : far), job.state)
}

export const isLive = (job: Job): boolean => ['accepted', 'en_route', 'arrived'].includes(stateOf(job))

/** From now on: whatever may mean that there is a network again. */
export function begin(): void {
  const wake = (): void => { void refresh(); void flush() }
  window.addEventListener('online', wake)
  document.addEventListener('visibilitychange', () => { if (!document.hidden) wake() })
  window.setInterval(() => void flush(), FLUSH_MS)
  void navigator.storage?.persist?.()
  void queue.look()
  if (opened.value) {
    mine.value ??= opened.value.mine
    lostSince.value ??= opened.value.at
  }
  wake()
}

/** Somebody signed out: whoever is next sees nothing of theirs. */
export function clear(): void {
  swept = false
  mine.value = null
  lostSince.value = null
  unlinked.value = false
}
