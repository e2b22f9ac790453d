import { join, t, word } from '@/i18n'
import type { TrailLine } from '../types'

export function actorOf(line: TrailLine): string {
  const actor = line.actor
  if (typeof actor === 'string') return actor
  return actor?.name || line.actor_name || t('actor.system')
}

export function actionWords(line: TrailLine): string {
  return word('deed', line.action)
}

/** Which fields, and why; the values themselves are never in the trail. */
export function detailsOf(line: TrailLine): string {
  const data = line.data ?? {}
  const named = data.fields
  const fields = Array.isArray(named) ? (named as string[]) : named && typeof named === 'object' ? Object.keys(named) : []
  return join([
    ...fields.map((one) => word('edited', one)),
    typeof data.code === 'string' ? word('elder_flag', data.code) : '',
    typeof data.purpose === 'string' ? data.purpose : '',
    line.reason ?? '',
  ])
}
