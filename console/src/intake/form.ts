import { reactive, ref } from 'vue'
import type { ElderHit, Named, Priority } from '@/live/types'

const EMPTY = { caller: '', kind: 'emergency', channel: 'hotline', help: 'emergency', item: '', priority: 1 as Priority, wanted: '', until: '', sex: '', text: '', applicant: '', relation: '' }

/** What was typed stays when the drawer is closed with Esc: an alarm may come in the middle of a call. */
const elder = ref<ElderHit | null>(null)
const worker = ref<Named | null>(null)
const form = reactive({ ...EMPTY })

export function useIntakeForm() {
  function reset(): void {
    elder.value = null
    worker.value = null
    Object.assign(form, EMPTY)
  }
  return { elder, worker, form, reset }
}
