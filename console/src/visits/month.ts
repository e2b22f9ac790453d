import { locale, t } from '@/i18n'

/** `2026-11` by so many months. */
export function monthBy(month: string, by: number): string {
  const at = new Date(`${month}-01T00:00Z`)
  at.setUTCMonth(at.getUTCMonth() + by)
  return at.toISOString().slice(0, 7)
}

export function monthWords(month: string): string {
  return new Intl.DateTimeFormat(locale() === 'en' ? 'en-GB' : 'zh-CN', { year: 'numeric', month: 'long', timeZone: 'UTC' }).format(new Date(`${month}-01T00:00Z`))
}

/** The numbers of its days, and which of them are of a weekend. */
export function daysOf(month: string): { n: number; day: string; weekend: boolean; short: string }[] {
  const length = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)), 0)).getUTCDate()
  return Array.from({ length }, (_, at) => {
    const day = `${month}-${String(at + 1).padStart(2, '0')}`
    const weekday = (new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7
    return { n: at + 1, day, weekend: weekday > 4, short: t(`weekday.${weekday}`) }
  })
}

/** Never 100 % while somebody is missing. */
export function percent(part: number, whole: number): string {
  return whole ? `${(Math.floor((part / whole) * 1000) / 10).toFixed(1)} %` : '–'
}
