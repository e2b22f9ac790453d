/** What leaves a visit for the centre: pictures before the record, so that it arrives whole; what is urgent before all. */
import { serverNow } from '@/live/clock'
import { type VisitDeed } from '../queue'
import { t } from '../texts'
import { report } from '../work'
import { forgetVisit, type VisitDraft } from './draft'
import { asked, jobOf, round } from './round'
import type { Visit } from './types'

export const rightNow = (): string => new Date(serverNow()).toISOString()

type More = { photo?: ArrayBuffer; uuid?: string; type?: string }

async function send(visit: Visit, deed: VisitDeed, what: string, body: Record<string, unknown>, { photo, uuid, type }: More = {}): Promise<void> {
  const job = { assignment_id: jobOf(visit.id), case_number: visit.elder.called }
  await report(job, deed, { photo, uuid, call: { path: `/visits/${visit.id}/${what}`, body, type } })
}

export async function sendRecord(visit: Visit, draft: VisitDraft): Promise<void> {
  for (const { uuid, bytes } of draft.photos) await send(visit, 'picture', 'pictures', { kind: 'photo' }, { photo: bytes, uuid, type: 'image/jpeg' })
  if (draft.signature && draft.consent) {
    await send(visit, 'signature', 'pictures', { kind: 'signature', consent: true }, { photo: draft.signature, uuid: draft.sign_uuid, type: 'image/png' })
  }
  const far = draft.why ? t('place.far_note', { why: t(`far.${draft.why}`) }) : ''
  await send(visit, 'record', 'record', {
    met: true,
    mode: draft.mode,
    started_at: draft.started_at || rightNow(),
    ended_at: rightNow(),
    device_at: new Date().toISOString(),
    position: draft.position ? { ...draft.position } : undefined,
    code: draft.code.trim() || undefined,
    note: [far, draft.note.trim()].filter(Boolean).join('\n') || undefined,
    sheet: sheetOf(draft),
  }, { uuid: draft.uuid })
  await forgetVisit(draft.job)
}

function sheetOf(draft: VisitDraft): object {
  const codes = asked(draft.mode, draft.started_at).flatMap(({ items }) => items.map(({ code }) => code))
  const wish = draft.wish.trim() || undefined
  return {
    items: Object.fromEntries(codes.filter((code) => draft.items[code]).map((code) => [code, draft.items[code]])),
    economy: draft.economy || undefined,
    supporter: draft.supporter || undefined,
    policy: draft.policy ?? undefined,
    needs: draft.needs.map((help) => ({ help, text: wish })),
    urgent: draft.urgent || undefined,
    next_on: draft.next_on || undefined,
  }
}

export async function sendNobody(visit: Visit, why: string, reason: string): Promise<void> {
  const at = rightNow()
  await send(visit, 'tried', 'record', { met: false, mode: 'home', started_at: at, ended_at: at, why, reason: reason.trim() || undefined })
  await forgetVisit(jobOf(visit.id))
}

export async function sendRefusal(visit: Visit, saidBy: string, lasting: boolean, note: string): Promise<void> {
  await send(visit, 'refuse', 'refuse', { said_by: saidBy.trim(), lasting, on: round.value?.day, note: note.trim() || undefined })
  await forgetVisit(jobOf(visit.id))
}

export async function sendUrgent(visit: Visit, text: string, danger: boolean, uuid: string): Promise<void> {
  await send(visit, danger ? 'danger' : 'urgent', 'urgent', { danger, text: text.trim() || undefined }, { uuid })
}
