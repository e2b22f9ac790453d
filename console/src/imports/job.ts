import { onUnmounted, ref, shallowRef } from 'vue'
import { locale } from '@/i18n'
import { asFailure, ask, type Failure, newKey, upload } from '@/live/api'
import { WORKING, type ImportJob, type ImportKind } from './types'

const PACE = 1_000

/** The language of files and of what is said about rows. */
export const lang = () => (locale() === 'en' ? 'en' : 'zh')

/** One import from the file on this PC to the last row in the register; what the server says is the truth. */
export function useJob() {
  const job = shallowRef<ImportJob | null>(null)
  const failure = shallowRef<Failure | null>(null)
  const busy = ref(false)
  const sent = ref(0)
  let timer = 0

  async function guard<T>(work: () => Promise<T>): Promise<T | null> {
    busy.value = true
    failure.value = null
    try {
      return await work()
    } catch (error) {
      failure.value = asFailure(error)
      return null
    } finally {
      busy.value = false
    }
  }

  function show(found: ImportJob): void {
    job.value = found
    clearTimeout(timer)
    if (WORKING.includes(found.state)) timer = window.setTimeout(() => void look(found.id), PACE)
  }

  async function look(id: string): Promise<void> {
    try {
      const found = await ask<ImportJob>(`/imports/${id}`)
      failure.value = null
      if (!job.value || job.value.id === id) show(found)
    } catch (error) {
      // The line is cut or the server is busy: the work goes on without us, and we look again.
      failure.value = asFailure(error)
      if (failure.value.status !== 404) timer = window.setTimeout(() => void look(id), PACE * 3)
    }
  }

  async function bring(kind: ImportKind, file: File): Promise<void> {
    const form = new FormData()
    form.append('kind', kind)
    form.append('mode', 'dry_run')
    form.append('file', file, file.name)
    sent.value = 0
    const found = await guard(() => upload<ImportJob>('/imports', form, newKey(), (part) => { sent.value = part }))
    if (found) show(found)
  }

  async function decide(verb: 'apply' | 'cancel'): Promise<void> {
    const now = job.value
    if (!now) return
    const found = await guard(() => ask<ImportJob>(`/imports/${now.id}/${verb}`, { method: 'POST', body: { version: now.version } }))
    if (found) show(found)
    else if (failure.value?.status === 409) void look(now.id)
  }

  function leave(): void {
    clearTimeout(timer)
    job.value = null
    failure.value = null
  }

  onUnmounted(() => clearTimeout(timer))
  return { job, failure, busy, sent, look, bring, decide, leave }
}
