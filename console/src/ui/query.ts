import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'

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

  function clear(): void { void router.replace({ query: {} }) }

  return { part, active, clear }
}
