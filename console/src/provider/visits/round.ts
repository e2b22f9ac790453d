/** The visitor's round: asked for now and then, kept on the telephone for a day without a network. */
import { computed, ref, shallowRef, watch } from 'vue'
import { dayOf } from '@/i18n/zone'
import { ask, asFailure } from '@/live/api'
import { keepRow, readRow } from '../kept'
import { user } from '../session'
import { locale } from '../texts'
import { waiting } from '../work'
import { begun, sweepVisits } from './draft'
import type { FormClass, FormItem, Mode, Named, Round, Visit } from './types'

const LOOK_MS = 60_000
const KEY = 'visits'

export const round = shallowRef<Round | null>(null)
/** Nothing is known, and the centre cannot be asked. */
export const unreached = ref(false)

let timer = 0
let number = 0

export async function look(): Promise<void> {
  clearTimeout(timer)
  const owner = user.value
  if (!owner) return
  const mine = (number += 1)
  const stale = (): boolean => mine !== number || user.value?.id !== owner.id
  try {
    const before = round.value ?? (await readRow<Round>(KEY, owner))
    const found = await ask<Round>('/my/visits')
    found.held = await held(found, before)
    if (stale()) return
    round.value = found
    unreached.value = false
    sent.value = new Map([...sent.value].filter(([job]) => isWaiting(job)))
    keepRow(KEY, owner, found)
    void sweepVisits(visitsOf(found).map(({ id }) => jobOf(id)))
  } catch (error) {
    const kept = asFailure(error).status === 404 || round.value ? null : await readRow<Round>(KEY, owner)
    if (stale()) return
    round.value ??= kept
    unreached.value = !round.value
  }
  timer = window.setTimeout(() => void look(), LOOK_MS)
}

/** A round may be planned anew while somebody is in the middle of a visit: what they write is not taken from them. */
async function held(found: Round, before: Round | null): Promise<Visit[]> {
  if (before?.day !== found.day) return []
  const there = new Set([...found.booked, ...found.due, ...found.over].map(({ id }) => id))
  const drafts = await begun()
  return visitsOf(before).filter(({ id }) => !there.has(id) && drafts.includes(jobOf(id)))
}

const visitsOf = (one: Round): Visit[] => [...one.booked, ...one.due, ...(one.held ?? [])]

/** Whatever has reached the centre may have changed the round. */
watch(() => waiting.value.length, (now, before) => { if (now < before) void look() })
watch(user, (is, was) => {
  if (is?.id === was?.id) return
  round.value = null
  sent.value = new Map()
  if (is) void look()
})

/** By this name the queue and the drafts know a visit. */
export const jobOf = (id: string): string => `visit-${id}`

export type Done = 'recorded' | 'refused' | 'tried'
const DONE: Record<string, Done> = { record: 'recorded', refuse: 'refused', tried: 'tried' }

/** What was done here, by its job: until the list of the centre knows of it, though it has left the queue. */
const sent = ref(new Map<string, Done>())
watch(waiting, (entries) => {
  for (const { job, deed } of entries) if (DONE[deed]) sent.value.set(job, DONE[deed])
}, { immediate: true })
const isWaiting = (name: string): boolean => waiting.value.some(({ job, deed }) => job === name && DONE[deed])

/** What was done here, though the centre may not have heard of it yet. */
export const doneHere = (visit: Visit): Done | null => sent.value.get(jobOf(visit.id)) ?? null

const all = computed(() => (round.value ? visitsOf(round.value) : []))
export const visitOf = (id: string): Visit | undefined => all.value.find((one) => one.id === id)

export const nameOf = (one: Named): string => (locale.value === 'en' ? one.en : one.zh)

/** The classes that are asked of a visit like this, each with the items of the month in which it began. */
export function asked(mode: Mode, startedAt: string): { of: FormClass; items: FormItem[] }[] {
  const { form } = round.value ?? { form: { classes: [] } }
  const month = Number(dayOf(startedAt).slice(5, 7))
  return form.classes
    .filter(({ modes }) => modes.includes(mode))
    .map((of) => ({ of, items: of.items.filter(({ months }) => months.includes(month)) }))
}

export function itemNamed(code: string): string {
  const found = round.value?.form.classes.flatMap(({ items }) => items).find((one) => one.code === code)
  return found ? nameOf(found) : code
}

if (user.value) void look()
