import { join, t } from '@/i18n'

const YEAR_MS = 365 * 86_400_000

/** What nobody has confirmed for a year is worth a question. */
export function isOld(at: string | null | undefined, now: number): boolean {
  return !at || now - Date.parse(at) > YEAR_MS
}

interface Known {
  phone: string | null | undefined
  contacts: { has_key: boolean }[]
  keys?: unknown[]
  facts: { kind: string }[]
}

/** What the file lacks and an operator may ask for while talking anyway. */
export function lacking({ phone, contacts, keys, facts }: Known): string[] {
  const found: string[] = []
  if (!phone) found.push('phone')
  if (!contacts.length) found.push('contact')
  if (!contacts.some((one) => one.has_key) && !keys?.length) found.push('key')
  if (!facts.some((one) => one.kind === 'doctor')) found.push('doctor')
  return found
}

export function askFor(known: Known): string {
  return join(lacking(known).map((one) => t(`missing.${one}`)))
}
