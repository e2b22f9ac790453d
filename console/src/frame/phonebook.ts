import { shallowRef } from 'vue'
import type { CaseDetail } from '@/live/types'

/**
 * The numbers of the cases that were on this screen, kept in the browser: when the line to the centre
 * is cut, a person with an ordinary telephone can still call the elder and the neighbour with the key.
 */
export interface PhoneEntry {
  caseId: string
  number: string
  name: string
  address: string
  phone: string | null
  access: string | null
  contacts: { name: string; relation: string | null; phone: string | null; hasKey: boolean }[]
  at: number
}

const KEPT = 'console.phonebook'
const MOST = 60

export const phonebook = shallowRef<PhoneEntry[]>(read())

function read(): PhoneEntry[] {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? '[]') as PhoneEntry[]
  } catch {
    return []
  }
}

function write(entries: PhoneEntry[]): void {
  phonebook.value = entries
  try {
    localStorage.setItem(KEPT, JSON.stringify(entries))
  } catch {
    // A full store must not stop the work on a case.
  }
}

export function remember({ row, elder, household, contacts, caller_number, masked }: CaseDetail): void {
  // A masked number helps nobody, and whoever lost the case keeps nothing of it.
  if (masked) return forget(row.id)
  const entry: PhoneEntry = {
    caseId: row.id,
    number: String(row.number),
    name: elder?.name ?? row.caller ?? '',
    address: household?.address ?? row.address_short ?? '',
    phone: elder?.phone ?? caller_number,
    access: household?.access_notes ?? null,
    contacts: contacts.map(({ name, relation, phone, has_key }) => ({ name, relation, phone, hasKey: has_key })),
    at: Date.now(),
  }
  if (!entry.phone && !entry.contacts.length) return
  write([entry, ...phonebook.value.filter(({ caseId }) => caseId !== row.id)].slice(0, MOST))
}

/** Closed cases leave the list: it holds no more of people's lives than the work needs. */
export function forget(caseId: string): void {
  if (phonebook.value.some((entry) => entry.caseId === caseId)) write(phonebook.value.filter((entry) => entry.caseId !== caseId))
}

export function forgetAll(): void { write([]) }
