export interface CircleState { minutes: number; as_of: string | null; run: { homes: number; done: number; asked_at: string } | null }
export interface HomeCircle { station: { id: string; name: string } | null; station_minutes: number | null; helpers: Record<string, number | null> }
