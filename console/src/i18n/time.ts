import { locale, t } from '.'
import { zoneName } from './zone'

const formats = new Map<string, Intl.DateTimeFormat>()

function format(name: string, options: Intl.DateTimeFormatOptions, text: string | number): string {
  const key = `${locale()}/${zoneName()}/${name}`
  let found = formats.get(key)
  if (!found) {
    found = new Intl.DateTimeFormat(locale() === 'en' ? 'en-GB' : 'zh-CN', { hour12: false, timeZone: zoneName(), ...options })
    formats.set(key, found)
  }
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? '–' : found.format(date)
}

const clock = { hour: '2-digit', minute: '2-digit' } as const
const exact = { ...clock, second: '2-digit' } as const
const day = { year: 'numeric', month: '2-digit', day: '2-digit' } as const

export const asClock = (text: string | number) => format('clock', clock, text)
/** Midnight as the end of a day: a shift until 24:00. */
export const asEnd = (text: string | number) => asClock(text).replace('00:00', '24:00')
export const asExact = (text: string | number) => format('exact', exact, text)
/** A day without a time is the same day everywhere. */
export const asCalendarDay = (text: string) => format('calendar', { ...day, timeZone: 'UTC' }, text)
export const asDay = (text: string | number) => format('day', day, text)
export const asMoment = (text: string | number) => format('moment', { month: '2-digit', day: '2-digit', ...clock }, text)
export const asFull = (text: string | number) => format('full', { ...day, ...exact }, text)

/** 00:14, 04:51, 1:02:33 — for timers, so never rounded. */
export function asTimer(milliseconds: number): string {
  const total = Math.max(0, Math.floor(milliseconds / 1000))
  const hours = Math.floor(total / 3600)
  const minutes = Math.floor((total % 3600) / 60)
  const seconds = total % 60
  const two = (value: number) => String(value).padStart(2, '0')
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${two(minutes)}:${two(seconds)}`
}

/** "3 分钟前" / "3 min ago", for facts whose age matters more than their moment. */
export function asAgo(text: string, at: number): string {
  const seconds = Math.max(0, Math.floor((at - Date.parse(text)) / 1000))
  if (Number.isNaN(seconds)) return '–'
  if (seconds < 60) return t('ago.seconds', { n: seconds })
  if (seconds < 3600) return t('ago.minutes', { n: Math.floor(seconds / 60) })
  if (seconds < 86_400) return t('ago.hours', { n: Math.floor(seconds / 3600) })
  return t('ago.days', { n: Math.floor(seconds / 86_400) })
}
