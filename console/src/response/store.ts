import { partOfCase } from '@/live/part'
import type { CaseResponse } from './types'

/** The answer of every act is the new state of what is done for the case. */
const response = partOfCase<CaseResponse>((id) => `/cases/${id}/response`, (answer) => answer as CaseResponse)

export const useResponse = response.use
export const seeResponse = response.see
export const useResponseAct = response.useAct
