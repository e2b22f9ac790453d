import { computed, ref } from 'vue'
import { ask, asFailure } from '@/live/api'
import type { Offer } from './types'
import { mine, refresh } from './work'

/** After so long without an answer the page says how else to answer. */
const PATIENCE_MS = 3_000

export type Answer = 'asked' | 'accepting' | 'declining' | 'unreached' | 'accepted' | 'declined' | 'taken' | 'over' | 'busy' | 'failed'

/** The offer on the screen: it stays there until the person has read what became of it. */
const held = ref<Offer | null>(null)
export const answer = ref<Answer>('asked')
/** Who was quicker, where the centre says so. */
export const quicker = ref('')
/** The visit that the last yes led to: the list may name it a moment later. */
export const acceptedJob = ref('')
const read = new Set<string>()

const OPEN: Answer[] = ['asked', 'accepting', 'declining', 'unreached', 'failed']

function fresh(): Offer | null {
  const open = mine.value?.offers.filter(({ id }) => !read.has(id)) ?? []
  return [...open].sort((a, b) => a.priority - b.priority || Date.parse(a.expires_at) - Date.parse(b.expires_at))[0] ?? null
}

/** Only the centre says that somebody goes: an offer is accepted when it is a job there, and over when it is nowhere. */
export function follow(): void {
  if (!held.value) {
    held.value = fresh()
    answer.value = 'asked'
    quicker.value = ''
    return
  }
  if (!mine.value || !OPEN.includes(answer.value)) return
  const { id } = held.value
  // While it is asked by telephone its time is longer.
  held.value = mine.value.offers.find((one) => one.id === id) ?? held.value
  const job = mine.value.jobs.find((one) => one.offer_id === id)
  if (job) {
    acceptedJob.value = job.assignment_id
    answer.value = 'accepted'
  }
  else if (!mine.value.offers.some((one) => one.id === id) && ['asked', 'unreached', 'failed'].includes(answer.value)) answer.value = 'over'
}

export const offer = computed(() => held.value)

/** The person has read it. */
export function done(): void {
  if (held.value) read.add(held.value.id)
  held.value = null
  follow()
}

export async function accept(): Promise<void> {
  await say('accept', {}, 'accepting')
}

export async function decline(reason: string): Promise<void> {
  await say('decline', { reason }, 'declining')
}

async function say(what: 'accept' | 'decline', body: object, meanwhile: Answer): Promise<void> {
  if (!held.value || answer.value === meanwhile) return
  const { id } = held.value
  answer.value = meanwhile
  try {
    const said = await ask<{ assignment?: { id: string } }>(`/offers/${id}/${what}`, { method: 'POST', body, timeout: PATIENCE_MS })
    acceptedJob.value = said.assignment?.id ?? ''
    answer.value = what === 'accept' ? 'accepted' : 'declined'
  } catch (error) {
    const failure = asFailure(error)
    quicker.value = failure.extra<string>('who') ?? ''
    answer.value = AFTER[failure.code] ?? (failure.status === 0 || failure.status >= 500 ? 'unreached' : 'failed')
  }
  void refresh()
}

const AFTER: Record<string, Answer> = { 'offer-taken': 'taken', 'offer-expired': 'over', 'helper-busy': 'busy' }
