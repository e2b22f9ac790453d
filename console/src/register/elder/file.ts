import { inject, provide, ref, shallowRef, watch, type InjectionKey, type Ref, type ShallowRef } from 'vue'
import { asFailure, ask, Failure, newKey } from '@/live/api'
import { useLink } from '@/live/link'
import type { ElderFile } from '../types'
import { differences, type Difference } from './differences'

export interface Conflict { by: string | null; at: string | null; changes: Difference[] }

export interface FileStore {
  id: string
  file: ShallowRef<ElderFile | null>
  failure: Ref<Failure | null>
  loading: Ref<boolean>
  conflict: ShallowRef<Conflict | null>
  load: () => Promise<void>
  /** Sends a change of the version that is on the screen and reads the file again. Throws `Failure`. */
  change: (method: string, path: string, body?: Record<string, unknown>, version?: number) => Promise<unknown>
}

const KEY: InjectionKey<FileStore> = Symbol('elder-file')

export function openFile(id: string): FileStore {
  const link = useLink()
  const file = shallowRef<ElderFile | null>(null)
  const failure = ref<Failure | null>(null)
  const loading = ref(false)
  const conflict = shallowRef<Conflict | null>(null)

  async function load(): Promise<void> {
    loading.value = true
    try {
      file.value = await ask<ElderFile>(`/elders/${id}`)
      failure.value = null
    } catch (error) {
      failure.value = asFailure(error)
    } finally {
      loading.value = false
    }
  }

  async function change(method: string, path: string, body: Record<string, unknown> = {}, version?: number): Promise<unknown> {
    conflict.value = null
    const before = file.value
    try {
      const answer = await ask(path, { method, body: version === undefined ? body : { ...body, version }, key: newKey() })
      await load()
      return answer
    } catch (error) {
      if (error instanceof Failure && error.code === 'version-conflict') await explain(error, before)
      throw error
    }
  }

  /** Somebody was quicker: show what they changed, keep what was typed here, and let it be saved on the newer file. */
  async function explain(failed: Failure, before: ElderFile | null): Promise<void> {
    await load()
    const by = failed.extra<string | { name?: string }>('changed_by')
    conflict.value = {
      by: typeof by === 'string' ? by : by?.name ?? null,
      at: failed.extra<string>('changed_at') ?? null,
      changes: before && file.value ? differences(before, file.value) : [],
    }
  }

  watch(() => link.lost, (lost) => { if (!lost) void load() })
  void load()
  const store: FileStore = { id, file, failure, loading, conflict, load, change }
  provide(KEY, store)
  return store
}

export function useFile(): FileStore {
  const found = inject(KEY)
  if (!found) throw new Error('no elder is open')
  return found
}
