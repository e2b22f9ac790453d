import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { CaseRow, Priority } from '@/live/types'
import { useLive } from '@/live/store'
import { useSession } from '@/session/store'
import { isHeld } from './rowtext'

export type Scope = 'unowned' | 'mine' | 'all' | 'held'
export const SCOPES: Scope[] = ['unowned', 'mine', 'all', 'held']

/** The filters live in the address, so that they survive a reload and can be sent to a colleague. */
export function useFilters() {
  const route = useRoute()
  const router = useRouter()
  const live = useLive()
  const session = useSession()

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

  const inScope: Record<Scope, (row: CaseRow, me: string) => boolean> = {
    unowned: (row) => row.state === 'new' && !row.owner && !isHeld(row),
    mine: (row, me) => row.owner?.id === me && !isHeld(row),
    all: (row) => !isHeld(row),
    held: isHeld,
  }

  const rows = computed(() => {
    const [inIt, me, level, kind, place, wanted] = [inScope[scope.value], session.user?.id ?? '', priority.value, cause.value, area.value, text.value]
    return live.all.filter((row) => inIt(row, me)
      && (!level || row.priority === level)
      && (!kind || row.cause === kind)
      && (!place || row.area?.id === place)
      && (!wanted || matches(row, wanted)))
  })
  const counts = computed(() => {
    const me = session.user?.id ?? ''
    const found: Record<Scope, number> = { unowned: 0, mine: 0, all: 0, held: 0 }
    for (const row of live.all) for (const one of SCOPES) if (inScope[one](row, me)) found[one] += 1
    return found
  })
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
