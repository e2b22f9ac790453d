import { defineStore } from 'pinia'
import { reactive } from 'vue'
import { asFailure, ask, type Failure, newKey } from './api'
import { useLive } from './store'
import type { CaseRow } from './types'

export type Verb =
  | 'take' | 'release' | 'hold' | 'priority' | 'merge' | 'close' | 'reopen' | 'follow-up' | 'call' | 'notes'
  | 'hang-up' | 'caller'

export interface Trouble { verb: Verb; failure: Failure; again: () => Promise<CaseRow | null> }

/** The acts on a case. Nothing is assumed done before the server has said so. */
export const useActs = defineStore('acts', () => {
  const live = useLive()
  const busy = reactive(new Map<string, Verb>())
  const troubles = reactive(new Map<string, Trouble>())
  const done = new Set<(id: string, verb: Verb) => void>()

  /** One act of the operator keeps its key when it is tried again, so that a lost answer cannot do it twice. */
  async function act(id: string, verb: Verb, body: Record<string, unknown> = {}, key = newKey()): Promise<CaseRow | null> {
    if (busy.has(id)) return null
    busy.set(id, verb)
    troubles.delete(id)
    try {
      const row = await ask<CaseRow>(`/cases/${id}/${verb}`, { method: 'POST', body, key })
      if (row?.id) live.accept(row)
      done.forEach((listener) => listener(id, verb))
      return row
    } catch (error) {
      const failure = asFailure(error)
      const newer = failure.extra<CaseRow>('row')
      if (newer?.id) live.accept(newer)
      troubles.set(id, { verb, failure, again: () => again(id, verb, body, key, failure) })
      return null
    } finally {
      busy.delete(id)
    }
  }

  /** After a conflict the act is a new one on the newer row; after a lost answer it is the same one. */
  function again(id: string, verb: Verb, body: Record<string, unknown>, key: string, failure: Failure): Promise<CaseRow | null> {
    if (failure.code !== 'version-conflict') return act(id, verb, body, key)
    return act(id, verb, { ...body, version: live.find(id)?.version })
  }

  function versioned(id: string, verb: Verb, body: Record<string, unknown> = {}): Promise<CaseRow | null> {
    return act(id, verb, { ...body, version: live.find(id)?.version })
  }

  /** Taking carries no version: the server compares the owner, and a note in the meantime is no reason to refuse. */
  const take = (id: string, more: Record<string, unknown> = {}) => act(id, 'take', more)

  function forgive(id: string): void { troubles.delete(id) }
  function whenDone(listener: (id: string, verb: Verb) => void): void { done.add(listener) }

  return { busy, troubles, act, versioned, take, forgive, whenDone }
})
