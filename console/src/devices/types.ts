import { computed } from 'vue'
import type { Named } from '@/live/types'
import { useSession } from '@/session/store'

export const TASK_KINDS = ['gateway_offline', 'offline', 'tamper', 'fault', 'low_battery', 'chatter', 'test_overdue', 'unassigned'] as const

export interface DeviceCard {
  id: string
  version: number
  number: string
  model: string
  kind: 'button' | 'sensor' | 'gateway'
  location: string | null
  online: boolean
  battery_percent: number | null
  last_seen_at: string | null
  last_test_at: string | null
  last_alarm_at: string | null
  registered_at: string | null
  retired_at: string | null
  monthly_test: boolean
  on_test: { since: string | null; until: string; reason: string | null } | null
  household: { id: string; address_short: string } | null
  elder: Named | null
  area: Named | null
  gateway: { id: string; number: string } | null
  tasks: string[]
}
export interface Task {
  id: string
  version: number
  kind: string
  state: string
  since: string
  tried: number
  tried_at: string | null
  assignee: Named | null
  note: string | null
  data: { signals?: number; percent?: number | null; code?: string; homes?: number }
  case_id: string | null
  by_hand: boolean
  device: DeviceCard
}
export interface UrgentTest { signal_id: string; kind: string; received_at: string; device: { id: string; number: string } }
export interface TaskPage { items: Task[]; next_cursor: string | null; total: number; counts: Record<string, number>; urgent_on_test: UrgentTest[] }
/** A device that speaks and that nobody has registered. */
export interface Stranger {
  number: string
  source: string
  first_at: string
  last_at: string
  signals: number
  kinds: Record<string, number>
  case_id: string | null
  /** As its owner calls it in its own system. */
  name: string | null
  model: string | null
}
export interface HeardHour { at: string; messages: number; alarms: number }
/** A listener of a gateway process as it says of itself; without a name the process. */
export interface Listener {
  place: string
  name: string
  protocol: string
  state: 'starting' | 'hearing' | 'down' | 'stopped' | 'silent'
  address: string
  since: string
  messages: number
  /** Peers that hold a connection now; null: it has none of its own. */
  connected: number | null
  today: { messages: number; alarms: number }
  hours: HeardHour[]
  last_message_at: string | null
  error: string | null
  error_at: string | null
  case_id: string | null
}
export interface Models { items: { name: string; kind: string; heartbeat_minutes: number; monthly_test: boolean }[]; test_reasons: string[]; longest_test_hours: number }
export interface RawOf { size: number; withheld: boolean; raw_text: string | null; raw_hex: string | null }
export interface DeviceMessage {
  id: string
  kind: string
  event_id: string | null
  received_at: string
  clock_seconds: number | null
  clock_off: boolean
  source: string
  spooled: boolean
  test: boolean
  data: Record<string, unknown> | null
  case_id: string | null
}
export interface LastBeat extends RawOf { at: string; day: string; beats: number; source: string; data: Record<string, unknown> | null }
export interface MessagePage { items: DeviceMessage[]; next_cursor: string | null; last_beat: LastBeat | null }
export interface BreathDay { day: string; heard: number; due: number; battery: number | null; battery_least: number | null }
export interface Breath { days: BreathDay[]; heartbeat_minutes: number; battery_low: number }
export interface DevicePageOf {
  messages_today: number
  device: DeviceCard
  tasks: { id: string; kind: string; since: string; closed_at: string | null; closed_by: string | null; note: string | null }[]
  false_alarms: { case_id: string; closed_at: string | null; cause: string; text: string | null }[]
}

export function useMayEdit() {
  const session = useSession()
  return computed(() => session.can('devices_edit'))
}
