import { locale } from '@/i18n'
import type { WeekShift } from './types'

export const DAYS = [0, 1, 2, 3, 4, 5, 6]
/** The usual weeks of work, to begin with. */
export const PRESETS: Record<string, WeekShift[]> = {
  office: DAYS.slice(0, 5).map((weekday) => ({ weekday, starts: '08:00', ends: '17:30' })),
  days: DAYS.map((weekday) => ({ weekday, starts: '08:00', ends: '20:00' })),
  nights: DAYS.map((weekday) => ({ weekday, starts: '20:00', ends: '08:00' })),
  always: DAYS.map((weekday) => ({ weekday, starts: '00:00', ends: '00:00' })),
}

/** 周一 / Mon */
export function dayName(weekday: number): string {
  return new Intl.DateTimeFormat(locale() === 'en' ? 'en-GB' : 'zh-CN', { weekday: 'short', timeZone: 'UTC' }).format(new Date(Date.UTC(2026, 0, 5 + weekday)))
}
/** 周一 11/30 / Mon 30/11: a column that is a day. */
export function dayHead(day: string): string {
  const at = new Date(`${day.slice(0, 10)}T12:00Z`)
  const date = new Intl.DateTimeFormat(locale() === 'en' ? 'en-GB' : 'zh-CN', { month: 'numeric', day: 'numeric', timeZone: 'UTC' }).format(at)
  return `${dayName((at.getUTCDay() + 6) % 7)} ${date}`
}
export function hoursText({ starts, ends }: { starts: string; ends: string }): string {
  return starts === '00:00' && ends === '00:00' ? '00:00–24:00' : `${starts}–${ends}`
}
