import { useRouter } from 'vue-router'
import { useSession } from '@/session/store'

declare module 'vue-router' {
  interface RouteMeta {
    may?: string | string[]
    /** The place of the rail that it belongs to, if it is none itself. */
    under?: string
  }
}

/** The second stroke after G, and the place it leads to. */
export const GO: Record<string, string> = {
  W: 'workplace', C: 'history', R: 'elders', M: 'spread', U: 'signals', D: 'duplicates', I: 'imports', H: 'handover',
  S: 'supervision', Q: 'quality', F: 'followups', A: 'users', T: 'trail', V: 'devices', O: 'people', B: 'station', Y: 'duty', P: 'privacy', E: 'engine', L: 'map',
  K: 'services', N: 'visits',
}

/** What a place asks for stands at its route and nowhere else. */
export function useMaySee(): (name: string) => boolean {
  const session = useSession()
  const router = useRouter()
  return (name) => {
    const { may } = router.resolve({ name }).meta
    return !may || [may].flat().some((right) => session.can(right))
  }
}
