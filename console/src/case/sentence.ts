import { has, join, t, word } from '@/i18n'
import { asClock, asMoment } from '@/i18n/time'
import type { CaseEvent } from '@/live/types'
import { doing, inWords } from '@/response/words'
import type { Words } from '@/response/types'
import type { IconName } from '@/ui/icons'

type Data = Record<string, unknown>

/** One event as a sentence that a person would say. The server sends codes; the words are ours. */
export function sentence(event: CaseEvent): string {
  const data = event.data ?? {}
  const key = keyOf(event, data)
  if (!has(key)) return event.kind.replace(/_/g, ' ')
  return t(key, valuesOf(event, data))
}

/** A case that came of a check-in visit, otherwise than by what was found there. */
const OF_VISIT: Record<string, string> = { staff_safety: 'event.opened.visit_danger', enquiry: 'event.opened.visit_change', complaint: 'event.opened.visit_doubted' }

function keyOf({ kind, channel, actor }: CaseEvent, data: Data): string {
  const state = String(data.state ?? '')
  if (kind === 'message' && has(`event.message.${data.channel}.${state}`)) return `event.message.${data.channel}.${state}`
  if (kind === 'message') return `event.message.${state}`
  if (kind === 'call_in' && data.event) return `event.call_in.${data.event}`
  if (kind === 'opened' && data.kind === 'gateway_offline' && data.listener) return 'event.opened.listener'
  if (kind === 'opened' && data.kind === 'gateway_offline') return 'event.opened.gateway'
  if (kind === 'page_duty' && data.last_resort) return 'event.page_duty.last_resort'
  if (kind === 'opened' && data.visit) return OF_VISIT[String(data.kind)] ?? 'event.opened.visit'
  if (kind === 'opened' && (data.kind === 'staff_safety' || data.kind === 'visit_not_met')) return `event.opened.${data.kind}`
  if (kind === 'offers_sent' && data.alone) return 'event.offers_sent.alone'
  if (kind === 'opened' && data.about) return 'event.opened.about'
  if (kind === 'complaint_late') return `event.complaint_late.${data.what}`
  if (kind === 'late_decided') return `event.late_decided.${data.confirmed ? 'yes' : 'no'}`
  if (kind === 'opened' && actor?.kind !== 'device') return 'event.opened.person'
  if (kind === 'taken' && channel && channel !== 'console') return 'event.taken.phone'
  if (kind === 'came_up' && data.why === 'not_reported') return 'event.came_up.not_reported'
  if (kind === 'closed' && data.follow_up_at) return 'event.closed.follow_up'
  if (kind === 'area_event') return 'event.area_event'
  if (kind === 'script_answer' && data.corrected) return 'event.script_answer.corrected'
  if (kind === 'script_auto' && data.failed) return 'event.script_auto.failed'
  if (kind === 'script_auto' && data.do === 'handoff') return 'event.script_auto.handoff'
  if (isHandoff(kind, data)) return data.reference ? 'event.handed_to_service.reference' : 'event.handed_to_service'
  if (kind === 'told_all' && !data.to) return 'event.told_all.nobody'
  if (kind === 'cascade_call' && data.now) return 'event.cascade_call.now'
  if (kind === 'cascade_skipped' && !data.to) return 'event.cascade_skipped.on'
  if (kind === 'arrival_late' && Number(data.minutes) > 0) return 'event.arrival_late.more'
  if (kind === 'priority' && Number(data.to) > Number(data.from)) return 'event.priority.lowered'
  return `event.${kind}`
}

function valuesOf({ actor, channel }: CaseEvent, data: Data): Data {
  return {
    who: actorName(actor),
    signal: word('cause', String(data.kind ?? '')),
    place: data.location ? t('event.at_place', { place: data.location }) : '',
    device: data.device ?? actor?.id ?? '',
    count: data.count ?? 1,
    homes: data.homes ?? '',
    to: data.to ?? '',
    from: data.from ?? '',
    visit: data.visit ?? '',
    into: data.into ?? '',
    reply: data.reply ?? '',
    until: data.until ? asClock(String(data.until)) : '',
    when: data.follow_up_at ? asMoment(String(data.follow_up_at)) : '',
    back: data.return_at ? asClock(String(data.return_at)) : '',
    outcome: word('outcome', String(data.outcome ?? '')),
    result: word('follow_result', String(data.result ?? '')),
    before: data.from ? t(`priority.${data.from}`) : '',
    after: data.to && /^[1-4]$/.test(String(data.to)) ? t(`priority.${data.to}`) : '',
    seconds: data.after ?? '',
    phones: Array.isArray(data.phones) ? data.phones.length : data.phones ?? '',
    channel: channel ? word('channel', channel) : '',
    place_name: data.place ?? '',
    at: data.due_at ? asMoment(String(data.due_at)) : '',
    by: data.by ?? '',
    fault: word('fault', String(data.code ?? '')),
    ...ofResponse(data),
    ...ofScript(data),
    ...ofHelpers(data),
    ...ofAfterwards(data),
    ...ofOrder(data),
    service: data.service ?? data.value ?? '',
    dispatcher: data.dispatcher ?? '',
    reference: data.reference ?? '',
  }
}

/** Until 2026-11 it was written as a handover of the shift is; what was written cannot be changed. */
function isHandoff(kind: string, data: Data): boolean {
  return kind === 'handed_to_service' || (kind === 'handed_over' && !!data.service)
}

function ofOrder(data: Data): Data {
  return {
    from_at: data.from_at ? asMoment(String(data.from_at)) : '–',
    to_at: data.to_at ? asMoment(String(data.to_at)) : '',
    why_off: word('order_off', data.off ? String(data.off) : null),
    reminded: Array.isArray(data.to) ? join(data.to.map((one) => word('reminded', String(one)))) : '',
    wish: word('order_wish', data.wish ? String(data.wish) : null),
  }
}

function ofScript(data: Data): Data {
  return {
    script: inWords(data.name as Words | undefined),
    question: inWords(data.question as Words | undefined),
    answer: typeof data.reply === 'object' ? inWords(data.reply as Words | undefined) : '',
    did: data.do ? doing({ what: String(data.do), value: String(data.value ?? '') }, data.failed ? 'do' : 'did') : '',
    why: data.failed ? word('why', String(data.code ?? '')) : '',
  }
}

function ofResponse(data: Data): Data {
  return {
    comes: data.who ?? '',
    first: data.first ?? '',
    minutes: data.minutes ?? '',
    round: data.round ?? '',
    rounds: data.rounds ?? '',
    settled: word('cascade_ended', String(data.reason ?? '')),
  }
}

function ofAfterwards(data: Data): Data {
  return {
    n: data.n ?? '',
    again_of: data.again_of ?? '',
    about: data.about ?? '',
    then: data.then ? t(`event.then.${data.then}`, { case: data.case }) : '',
    tried: word('tried', String(data.outcome ?? '')),
    told: word('told_by', String(data.told ?? '')),
    verdict: word('outcome', String(data.result ?? '')),
    decision: word('decision', String(data.decision ?? '')),
  }
}

function ofHelpers(data: Data): Data {
  return {
    asked: data.asked ?? '',
    of: data.of ?? '',
    case: data.case ?? '',
    why_not: data.reason && has(`why_not.${data.reason}`) ? t('event.why_not', { reason: t(`why_not.${data.reason}`) }) : '',
  }
}

function actorName(actor: CaseEvent['actor']): string {
  if (!actor) return t('actor.system')
  if (actor.kind === 'system') return t('actor.system')
  return actor.name || t(`actor.${actor.kind}`)
}

/** What was said or written beside the act: a note's text, a reason. Codes of reasons become words. */
export function spoken(event: CaseEvent): string {
  const text = event.text ?? ''
  const applicant = event.data?.applicant as { name: string; relation?: string } | undefined
  if (applicant) return [onBehalf(applicant), text].filter(Boolean).join(' · ')
  if (event.data?.script_reason) return [text, t('event.closed.unasked', { reason: event.data.script_reason })].filter(Boolean).join(' · ')
  if (event.kind === 'held' && has(`hold_reason.${text}`)) return t(`hold_reason.${text}`)
  return text || String(event.data?.reason && event.kind === 'message' ? event.data.reason : '')
}

const ICONS_OF: Record<string, IconName> = {
  signal: 'bell', opened: 'bell', repeat: 'bell', call_in: 'phone', call_out: 'phone', call_ended: 'phone', caller_known: 'person', message: 'message',
  alert_operators: 'up', alert_supervisor: 'up', page_duty: 'up', taken: 'person', taken_over: 'swap', given_to: 'swap', confirmed: 'check',
  released: 'back', asked_owner: 'clock', returned: 'back', held: 'hold', unheld: 'play', note: 'note', priority: 'flag',
  merged: 'merge', merged_in: 'merge', closed: 'check', reopened: 'back', follow_up: 'check', follow_up_due: 'clock',
  area_event: 'people', handed_over: 'swap', callback_promised: 'phone', callback_due: 'clock', callback_late: 'warn',
  callback_done: 'check', callback_cancelled: 'cross',
  script_started: 'list', script_answer: 'speak', script_auto: 'bolt', handed_to_service: 'speak', told_all: 'message',
  cascade_started: 'phone', cascade_call: 'phone', elder_answered: 'speak', cascade_accepted: 'walk', cascade_also: 'walk',
  cascade_declined: 'cross', cascade_gave_back: 'warn', cascade_skipped: 'right', cascade_stopped: 'mute', cascade_settled: 'mute',
  offers_sent: 'message', offer_call: 'phone', offer_accepted: 'walk', offer_declined: 'cross', offer_expired: 'clock',
  offers_withdrawn: 'mute', offers_exhausted: 'warn', offer_late: 'info', offer_unclear: 'speak', helper_calls: 'phone',
  follow_up_late: 'warn', follow_up_tried: 'phone', follow_up_unhappy: 'warn', follow_up_unclear: 'speak', which_question: 'speak',
  closed_unasked: 'check', opened_again: 'back', complained: 'speak', complaint_answered: 'speak', complaint_solved: 'check',
  complaint_late: 'warn', visit_checked: 'check', late_entered: 'note', late_decided: 'check',
  helper_departed: 'walk', helper_arrived: 'home', helper_done: 'check', helper_no_show: 'warn', helper_lost: 'cross',
  helper_gave_back: 'warn', helper_help: 'warn',
  planned: 'clock', came_up: 'bell', order_changed: 'note', order_moved: 'clock', order_cancelled: 'cross', order_returned: 'play',
  order_reminded: 'message', order_confirmed: 'check', change_asked: 'speak',
  cascade_exhausted: 'warn', cascade_too_late: 'info', arrival_promised: 'walk', arrival_moved: 'clock', arrival_late: 'warn',
  arrived: 'home', arrival_cancelled: 'cross',
  elder_merged: 'merge', restored: 'device', gateway_back: 'device', device_registered: 'device', cancelled_by_elder: 'cross', fault: 'warn', repaired: 'info',
}

export function iconOf(kind: string): IconName {
  return ICONS_OF[kind] ?? 'info'
}

export type Side = 'people' | 'device'
export function sideOf(event: CaseEvent): Side {
  return event.actor?.kind === 'user' || event.actor?.kind === 'phone' || event.actor?.kind === 'worker' || event.kind === 'message' || event.kind === 'call_in' || event.kind === 'note' ? 'people' : 'device'
}

function onBehalf({ name, relation }: { name: string; relation?: string }): string {
  return relation ? t('event.applicant', { name, relation: word('relation', relation) }) : t('event.applicant_alone', { name })
}
