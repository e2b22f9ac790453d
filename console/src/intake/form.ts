import { reactive, ref } from 'vue'
import type { ElderHit, Priority } from '@/live/types'

const EMPTY = { caller: '', kind: 'emergency', channel: 'hotline', help: 'emergency', item: '', priority: 1 as Priority, wanted: '', text: '', applicant: '', relation: '' }

/** What was typed stays when the drawer is closed with Esc: an alarm may come in the middle of a call. */
const elder = ref<ElderHit | null>(null)
const form = reactive({ ...EMPTY })

export function useIntakeForm() {
  function reset(): void {
    elder.value = null
    Object.assign(form, EMPTY)
  }
  return { elder, form, reset }
}
