import { ref } from 'vue'
import { ask, newKey } from '@/live/api'
import type { CaseRow } from '@/live/types'

/** A call to an elder is written down like every other: in a small case of its own, from which the telephone rings. */
export function useCall() {
  const calling = ref(false)
  const failed = ref(false)

  async function call(elderId: string, text: string): Promise<CaseRow | null> {
    calling.value = true
    failed.value = false
    try {
      const row = await ask<CaseRow>('/cases', { method: 'POST', key: newKey(), body: { kind: 'service', channel: 'proxy', priority: 4, elder_id: elderId, text, take: true } })
      return await ask<CaseRow>(`/cases/${row.id}/call`, { method: 'POST', key: newKey(), body: { to: 'elder' } })
    } catch {
      failed.value = true
      return null
    } finally {
      calling.value = false
    }
  }
  return { call, calling, failed }
}
