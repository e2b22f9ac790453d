import type { Failure } from '@/live/api'
import { has, t, word } from '.'
import { asExact } from './time'

interface Who { name?: string }

/** Says what happened, who was quicker and what to do next. */
export function explain(failure: Failure): string {
  const key = `problem.${special(failure) ?? failure.code}`
  if (has(key)) return t(key, extras(failure))
  const field = failure.problem?.errors?.[0]
  if (field) return t('problem.field', { field: word('field', field.field), why: word('why', field.code) })
  if (failure.status >= 500) return t('problem.server', { status: failure.status })
  if (failure.status === 403) return t('problem.forbidden')
  if (failure.status === 404) return t('problem.not-found')
  return t('problem.other', { code: failure.code, detail: failure.problem?.detail ?? '' })
}

/** A reason that is told more exactly than by the code. */
function special(failure: Failure): string | null {
  if (failure.code === 'version-conflict' && !failure.extra('row')) return 'changed-meanwhile'
  const why = failure.extra<string>('why')
  return why && has(`problem.${why}`) ? why : null
}

function extras(failure: Failure): Record<string, string> {
  const owner = failure.extra<Who>('owner')
  const by = failure.extra<Who | string>('changed_by')
  const at = failure.extra<string>('taken_at') ?? failure.extra<string>('changed_at') ?? failure.extra<string>('opens_at')
  return {
    name: owner?.name ?? (typeof by === 'string' ? by : by?.name) ?? t('problem.somebody'),
    at: at ? asExact(at) : '–',
    state: word('state', failure.extra<string>('state')),
    detail: failure.problem?.detail ?? '',
    phone: failure.extra<string>('phone') ?? '',
  }
}
