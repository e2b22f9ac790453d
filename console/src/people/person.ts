import { inject, provide, ref, shallowRef, watch, type InjectionKey, type Ref, type ShallowRef } from 'vue'
import { asFailure, ask, Failure, newKey } from '@/live/api'
import { useLink } from '@/live/link'
import type { HelperFile } from './types'

export interface PersonStore {
  id: string
  file: ShallowRef<HelperFile | null>
  failure: Ref<Failure | null>
  load: () => Promise<void>
  /** Sends a change of the version that is on the screen; the answer is the new file. Throws `Failure`. */
  change: (method: string, path: string, body: Record<string, unknown>) => Promise<HelperFile & { visits_left?: number }>
}

const KEY: InjectionKey<PersonStore> = Symbol('helper-file')

export function openPerson(id: string): PersonStore {
  const link = useLink()
  const file = shallowRef<HelperFile | null>(null)
  const failure = ref<Failure | null>(null)

  async function load(): Promise<void> {
    try {
      file.value = await ask<HelperFile>(`/workers/${id}`)
      failure.value = null
    } catch (error) {
      failure.value = asFailure(error)
    }
  }

  async function change(method: string, path: string, body: Record<string, unknown>) {
    const version = file.value?.version
    try {
      const made = method === 'DELETE'
        ? await ask<HelperFile>(`/workers/${id}${path}`, { method, query: { ...(body as Record<string, string>), version }, key: newKey() })
        : await ask<HelperFile>(`/workers/${id}${path}`, { method, body: { ...body, version }, key: newKey() })
      file.value = made
      return made
    } catch (error) {
      // Somebody was quicker: what they wrote is shown, and what was typed here can be saved upon it.
      if (error instanceof Failure && error.code === 'version-conflict') await load()
      throw error
    }
  }

  watch(() => link.lost, (lost) => { if (!lost) void load() })
  void load()
  const store: PersonStore = { id, file, failure, load, change }
  provide(KEY, store)
  return store
}

export function usePerson(): PersonStore {
  const found = inject(KEY)
  if (!found) throw new Error('no helper is open')
  return found
}
