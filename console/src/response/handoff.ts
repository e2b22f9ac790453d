import { reactive } from 'vue'
import { newKey } from '@/live/api'
import type { Service } from './types'

export const SERVICES: Service[] = ['120', '119', '110']

export interface Form {
  service: Service
  at: string
  dispatcher: string
  reference: string
  note: string
  who_is_there: string
  tell: boolean
  /** Until it is written down: what is tried again after a lost answer is the same act. */
  key: string
}

/** Closing the sheet to look at the case loses nothing of what was typed. */
const begun = new Map<string, Form>()

export function formOf(id: string, service: Service, at: string): Form {
  const found = begun.get(id)
  if (found?.service === service) return found
  const form = reactive<Form>({ service, at, dispatcher: '', reference: '', note: '', who_is_there: '', tell: tells(service), key: newKey() })
  begun.set(id, form)
  return form
}

/** Where somebody is harmed by their own people, these are not told by themselves. */
export function tells(service: Service): boolean {
  return service !== '110'
}

export function written(id: string): void {
  begun.delete(id)
}
