import { has, t } from '@/i18n'
import type { ImportJob } from './types'

/** "312 rows: 300 new, 9 changed, 3 errors", or why there is none of it. */
export function summaryOf(job: ImportJob): string {
  if (job.fault) return faultOf(job.fault)
  if (!job.summary.rows) return '–'
  const { rows, new: fresh, changed, same, errors } = job.summary
  return t('import.summary', { rows, fresh, changed, same, errors })
}

export function faultOf(fault: { code: string; data: Record<string, string> }): string {
  const key = `import.fault.${fault.code}`
  return has(key) ? t(key, fault.data) : t('import.fault.other', { code: fault.code })
}
