import { t, word } from '@/i18n'
import { asDay } from '@/i18n/time'
import type { Absence } from './types'

export function absenceWords(absence: Absence | string | null | undefined): string {
  if (!absence) return ''
  if (typeof absence === 'string') return word('absence', absence)
  const until = absence.until ? ` ${t('absence.until', { day: asDay(absence.until) })}` : ''
  return word('absence', absence.kind) + until
}

/** The short word of an ability level; a level that nobody has found is said to be missing. */
export function levelWords(level: number | null | undefined): string {
  return level === null || level === undefined ? t('reg.level_none') : t(`level.${level}`)
}

const YEAR_MS = 365 * 86_400_000
export function isOld(at: string | null | undefined, now: number): boolean {
  return !at || now - Date.parse(at) > YEAR_MS
}
