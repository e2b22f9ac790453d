import type { Named } from '@/live/types'

/** The shapes of plans, as the server names them. */
export const WORKING = ['open', 'publishing'] as const
export interface Plan {
  id: string
  version: number
  area: Named
  first: string
  last: string
  anew: boolean
  visit_ids: string[]
  state: 'open' | 'ready' | 'publishing' | 'published' | 'cancelled' | 'failed'
  asked_at: string
  asked_by: string
  /** How far it is, of 1. */
  share: number
  visits: number
  placed: number
  kept: number
  unplaced: { reason: string; count: number }[]
  travel_minutes: number | null
  failure: string | null
  ready_at: string | null
  published_at: string | null
  published_by: string | null
  booked: number | null
  changed: number | null
}
export interface PlanDay { day: string; rounds: number; visits: number; travel_minutes: number }
export interface PlanFile extends Plan { visitors: number; rounds: number; days: PlanDay[] }
export interface Stop { visit_id: string; elder: Named & { flags: string[] }; address_short: string | null; area: Named | string; starts_at: string; ends_at: string; kept: boolean; second: boolean; state: string }
export interface PlanRound { id: string; worker: Named & { kind: string }; day: string; leaves_at: string; returns_at: string; rest: { from: string; until: string } | null; travel_minutes: number; visits: number; stops: Stop[] }

export function isWorking(plan: Plan): boolean { return (WORKING as readonly string[]).includes(plan.state) }
/** Kept is booked before and left as it is; what could not be placed says why. */
export function leftOut(plan: Plan): number { return plan.unplaced.reduce((sum, one) => sum + one.count, 0) }
