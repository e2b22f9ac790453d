import { partOfCase } from '@/live/part'
import type { CaseOffers, Job, JobState } from './types'

/** An answer about one offer or one visit says nothing of the others: then the whole is read again. */
const offers = partOfCase<CaseOffers>((id) => `/cases/${id}/offers`, (answer) => {
  const found = answer as Partial<CaseOffers>
  return found.items && found.assignment !== undefined ? (found as CaseOffers) : null
})

export const useOffers = offers.use
export const useOffersAct = offers.useAct

const GOING: JobState[] = ['accepted', 'en_route', 'arrived']
export function goes(found: CaseOffers | null): Job | null {
  const job = found?.assignment
  return job && GOING.includes(job.state) ? job : null
}

export function isAsking(found: CaseOffers | null): boolean {
  return !!found?.next || !!found?.items.some(({ state }) => state === 'offered')
}
