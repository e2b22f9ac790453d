import { onUnmounted, reactive, ref } from 'vue'
import { ask } from '@/live/api'

export type Secret = 'phone' | 'identity_number' | 'address' | 'contacts' | 'callbacks'
interface Address { address: string; address_short: string; access_notes: string | null; lat: number | null; lon: number | null }
export interface Values { phone?: string | null; identity_number?: string | null; address?: Address; contacts?: { id: string; phone: string }[]; callbacks?: { id: string; phone: string | null }[] }

const SHOWN_MS = 60_000

/** Masked values in clear for a minute, after a reason that the server writes down. */
export function useReveal(elderId: () => string | null | undefined) {
  const values = reactive<Values>({})
  const asking = ref<Secret | null>(null)
  const timers = new Map<Secret, number>()

  async function reveal(field: Secret, reason: string): Promise<void> {
    const found = await ask<{ values: Values }>(`/elders/${elderId()}/reveal`, { method: 'POST', body: { fields: [field], reason } })
    Object.assign(values, found.values)
    clearTimeout(timers.get(field))
    timers.set(field, window.setTimeout(() => hide(field), SHOWN_MS))
    asking.value = null
  }
  function hide(field: Secret): void { delete values[field] }
  function toggle(field: Secret): void {
    if (field in values) hide(field)
    else asking.value = field
  }
  onUnmounted(() => timers.forEach((timer) => clearTimeout(timer)))
  return { values, asking, reveal, hide, toggle }
}
