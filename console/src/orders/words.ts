import { join, t, word } from '@/i18n'
import { asCalendarDay } from '@/i18n/time'
import type { Standing } from './types'

/** "每周一、三、五 11:30 至 12:00" and from when to when. */
export function rhythmOf(one: Pick<Standing, 'weekdays' | 'every_weeks' | 'starts' | 'until'>): string {
  const days = one.weekdays.length === 7 ? t('standing.daily') : join(one.weekdays.map((day) => t(`weekday.${day}`)))
  const weeks = one.every_weeks === 1 ? '' : t('standing.every_n', { n: one.every_weeks })
  return [weeks, days, one.until ? `${one.starts}–${one.until}` : one.starts].filter(Boolean).join(' ')
}

export function spanOf(first: string, last: string | null): string {
  if (first === last) return asCalendarDay(first)
  return last ? `${asCalendarDay(first)} – ${asCalendarDay(last)}` : t('standing.from', { day: asCalendarDay(first) })
}

export function yuan(fen: number): string {
  return fen ? t('order.yuan', { n: fen / 100 }) : t('intake.free')
}

export function whoWished(sex: string | null, worker: { name: string } | null): string {
  return join([sex && word('order_sex', sex), worker && t('order.wants', { name: worker.name })]) || t('order.anybody')
}
