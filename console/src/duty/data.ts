import { computed, onUnmounted, ref, shallowRef, watch } from 'vue'
import { asFailure, ask, type Failure } from '@/live/api'
import { serverNow } from '@/live/clock'
import { useSession } from '@/session/store'
import { dayOf, fromInput } from '@/i18n/zone'
import { addDays, mondayOf } from './days'
import type { DutyNow, Pattern, People, Shifts } from './types'

const EVERY = 60_000
const NOTHING: Shifts = { items: [], warnings: [] }

/** What the duty screen shows: who is on duty now, a week of shifts, the weekly patterns, and who can be put there. */
export function useDuty() {
  const session = useSession()
  const today = ref(dayOf(serverNow()))
  const monday = ref(mondayOf(today.value))
  const now = shallowRef<DutyNow | null>(null)
  const shifts = shallowRef<Shifts>(NOTHING)
  const patterns = shallowRef<Pattern[]>([])
  const people = shallowRef<People | null>(null)
  const failure = ref<Failure | null>(null)
  const mayEdit = computed(() => session.can('duty_edit'))
  let number = 0

  async function load(): Promise<void> {
    const mine = (number += 1)
    today.value = dayOf(serverNow())
    const query = { from: fromInput(monday.value).toISOString(), to: fromInput(addDays(monday.value, 7)).toISOString() }
    try {
      const found = await Promise.all([
        ask<DutyNow>('/duty/now'), ask<Shifts>('/duty/shifts', { query }), ask<{ items: Pattern[] }>('/duty/patterns'), ask<People>('/duty/people'),
      ])
      if (mine !== number) return
      now.value = found[0]
      shifts.value = found[1]
      patterns.value = found[2].items
      people.value = found[3]
      failure.value = null
    } catch (error) {
      if (mine === number) failure.value = asFailure(error)
    }
  }
  watch(monday, () => void load(), { immediate: true })
  const timer = window.setInterval(() => void load(), EVERY)
  onUnmounted(() => clearInterval(timer))

  return { today, monday, now, shifts, patterns, people, failure, mayEdit, load }
}
