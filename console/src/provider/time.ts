import { dayOf, timeOf } from '@/i18n/zone'
import { now } from '@/live/clock'
import { t } from './texts'

/** `14:30`, with its day when that is not today. */
export function asWhen(at: string): string {
  const day = dayOf(at)
  return day === dayOf(now.value) ? timeOf(at) : `${day.slice(5)} ${timeOf(at)}`
}

/** `00:38`, never below nothing. */
export function asLeft(milliseconds: number): string {
  const total = Math.max(0, Math.ceil(milliseconds / 1000))
  return [Math.floor(total / 60), total % 60].map((one) => String(one).padStart(2, '0')).join(':')
}

export function asMetres(metres: number): string {
  return metres < 1000 ? t('unit.m', { n: Math.round(metres) }) : t('unit.km', { n: (metres / 1000).toFixed(1) })
}
