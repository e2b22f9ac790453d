import { t, word } from '@/i18n'
import { asCalendarDay, asClock, asExact } from '@/i18n/time'
import type { Bar, Candidate, Excluded, Offer, OfferMessage, Part, Way } from './types'

/** What an operator may set aside with a reason, as the server has it; the other rules protect the elder or the helper. */
const RELAXABLE = ['contract_ended', 'area', 'off_shift', 'capacity', 'too_far', 'declined_here', 'busy_then']
export const PARTS: Part[] = ['time', 'continuity', 'skill', 'load', 'fairness', 'acceptance']

export function mayAnyway(one: Excluded): boolean {
  return one.reasons.every(({ code }) => RELAXABLE.includes(code))
}

/** The people whom this rule alone keeps out. */
export function keptOutBy(code: string, excluded: Excluded[]): Excluded[] {
  return excluded.filter(({ reasons }) => reasons.length === 1 && reasons[0]?.code === code)
}

export function asKilometres(metres: number): string {
  return t('dispatch.km', { n: (metres / 1000).toFixed(1) })
}

export function whyNot({ code, data }: Bar, skillWord: (code: string) => string): string {
  return t(`bar.${code}`, {
    skill: data.skill ? skillWord(String(data.skill)) : '',
    until: data.until ? asCalendarDay(String(data.until)) : '',
    km: data.distance_m ? asKilometres(Number(data.distance_m)) : '',
    load: data.load ?? '',
    capacity: data.capacity ?? '',
    sex: data.wanted ? t(`sex.${data.wanted}`) : '',
    reason: word('why_not', String(data.reason ?? '')),
  })
}

export function wayText(way: Way): string {
  const time = way.seconds < 120 ? t('dispatch.seconds', { n: way.seconds }) : t('dispatch.minutes', { n: Math.round(way.seconds / 60) })
  return t(`dispatch.mode_${way.mode}`, { n: way.workers, time })
}

/** 0.8 km · from the station; unknown is said to be unknown. */
export function whereFrom(one: Candidate, at: number): string {
  if (one.distance_m === null) return one.position_at ? t('dispatch.position_old', { n: Math.round((at - Date.parse(one.position_at)) / 60_000) }) : t('dispatch.position_unknown')
  return one.from === 'station' ? t('dispatch.from_station', { km: asKilometres(one.distance_m) }) : asKilometres(one.distance_m)
}

/** How far the question came by each channel: what explains a silence. */
export function messageText({ channel, state, at, fails }: OfferMessage): string {
  const where = fails ? t(`offer_msg.${channel}_fails`) : t(`offer_msg.${channel}_${state}`)
  return `${where} ${asExact(at)}`
}

export function answerText(offer: Offer): string {
  if (offer.state === 'offered') return t('offer_state.offered', { time: asClock(offer.expires_at) })
  const at = offer.answered_at ? asExact(offer.answered_at) : ''
  const channel = offer.channel ? t('offer_state.by', { channel: word('offer_channel', offer.channel) }) : ''
  const reason = offer.state === 'declined' && offer.reason ? t('offer_state.why', { reason: word('why_not', offer.reason) }) : ''
  return [t(`offer_state.${offer.state}`), reason, at, channel].filter(Boolean).join(' ')
}
