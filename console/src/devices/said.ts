import { t, word } from '@/i18n'

/** What a device said beside its kind, for people: known words by their names, the rest as it came. */
export function said(data: Record<string, unknown> | null): string {
  if (!data) return ''
  return Object.entries(data).map(([name, value]) => `${word('datum', name)} ${plain(name, value)}`).join(' · ').slice(0, 400)
}

function plain(name: string, value: unknown): string {
  if (name === 'battery' && typeof value === 'number') return `${value} %`
  if (value === null || value === undefined) return '–'
  if (value === true) return t('message.yes')
  if (value === false) return t('message.no')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** How far its clock is from ours; what travels for a second is no difference. */
export function clockSaid(seconds: number | null): string {
  if (seconds === null) return '–'
  if (Math.abs(seconds) < 2) return t('message.clock_right')
  const sign = seconds > 0 ? '+' : '−'
  const size = Math.abs(seconds)
  if (size < 120) return t('message.seconds', { n: `${sign}${size}` })
  if (size < 7200) return t('message.minutes', { n: `${sign}${Math.round(size / 60)}` })
  if (size < 172_800) return t('message.hours', { n: `${sign}${Math.round(size / 3600)}` })
  return t('message.days', { n: `${sign}${Math.round(size / 86_400)}` })
}
