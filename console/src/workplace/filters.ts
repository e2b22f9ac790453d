import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { CaseRow, Priority } from '@/live/types'
import { useLive } from '@/live/store'
import { useWorkplace } from './store'

export type Scope = 'unowned' | 'mine' | 'all' | 'held'
export const SCOPES: Scope[] = ['unowned', 'mine', 'all', 'held']

/** The filters live in the address, so that they survive a reload and can be sent to a colleague. */
export function useFilters() {
  const route = useRoute()
  const router = useRouter()
  const live = useLive()
  const work = useWorkplace()

  function part(name: string) {
    return computed<string>({
      get: () => String(route.query[name] ?? ''),
      set: (value) => void router.replace({ query: { ...route.query, [name]: value || undefined } }),
    })
  }

  const show = part('show')
  const cause = part('cause')
  const area = part('area')
  const text = part('q')
  const severity = part('p')

  const scope = computed<Scope>({
    get: () => (SCOPES.includes(show.value as Scope) ? (show.value as Scope) : 'all'),
    set: (value) => { show.value = value === 'all' ? '' : value },
  })
  const priority = computed<Priority | null>(() => {
    const found = Number(severity.value)
    return found >= 1 && found <= 4 ? (found as Priority) : null
  })

  const inScope: Record<Scope, (row: CaseRow) => boolean> = {
    unowned: (row) => row.state === 'new' && !row.owner && !work.isHeld(row),
    mine: (row) => work.isMine(row) && !work.isHeld(row),
    all: (row) => !work.isHeld(row),
    held: (row) => work.isHeld(row),
  }

  function fits(row: CaseRow): boolean {
    if (priority.value && row.priority !== priority.value) return false
    if (cause.value && row.cause !== cause.value) return false
    if (area.value && row.area?.id !== area.value) return false
    return !text.value || matches(row, text.value)
  }

  const rows = computed(() => live.all.filter((row) => inScope[scope.value](row) && fits(row)))
  const counts = computed(() => Object.fromEntries(SCOPES.map((one) => [one, live.all.filter(inScope[one]).length])) as Record<Scope, number>)
  const areas = computed(() => {
    const found = new Map<string, string>()
    for (const row of live.all) if (row.area) found.set(row.area.id, row.area.name)
    return [...found].map(([id, name]) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name, 'zh'))
  })
  const causes = computed(() => [...new Set(live.all.map((row) => row.cause).filter(Boolean))].sort())
  const active = computed(() => !!(priority.value || cause.value || area.value || text.value))

  function clear(): void {
    void router.replace({ query: { ...route.query, cause: undefined, area: undefined, q: undefined, p: undefined } })
  }

  return { scope, cause, area, text, severity, priority, rows, counts, areas, causes, active, clear }
}

export function matches(row: CaseRow, text: string): boolean {
  const wanted = text.trim().toLowerCase()
  if (!wanted) return true
  const fields = [String(row.number), row.elder?.name, row.caller, row.address_short, row.area?.name, row.owner?.name]
  return fields.some((field) => field?.toLowerCase().includes(wanted))
}
