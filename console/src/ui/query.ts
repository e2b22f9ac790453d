import { computed, onScopeDispose } from 'vue'
import { useRoute, useRouter } from 'vue-router'

const TYPED_MS = 220

/** Parts of the address behind the question mark, so that a filtered list survives a reload and can be sent on. */
export function useQuery() {
  const route = useRoute()
  const router = useRouter()
  const active = computed(() => Object.keys(route.query).length > 0)

  function part(name: string) {
    return computed<string>({
      get: () => String(route.query[name] ?? ''),
      set: (value) => void router.replace({ query: { ...route.query, [name]: value || undefined } }),
    })
  }

  /** For a field that is typed into: the address follows when the hand rests, and not after its screen is gone. */
  function typed(name: string): (event: Event) => void {
    const value = part(name)
    let timer = 0
    onScopeDispose(() => clearTimeout(timer))
    return (event) => {
      clearTimeout(timer)
      const text = (event.target as HTMLInputElement).value.trim()
      timer = window.setTimeout(() => { value.value = text }, TYPED_MS)
    }
  }

  function clear(): void { void router.replace({ query: {} }) }

  return { part, typed, active, clear }
}
