import { onScopeDispose, ref, watch } from 'vue'
import { asFailure, type Failure } from './api'
import { useLink } from './link'
import { useLive } from './store'
import { useSession } from '@/session/store'

const SETTLE_MS = 120

/**
 * What hangs on a case is read now, whenever the case's row says that something happened, when the line is back, and when
 * somebody has signed in again over it. Wishes that come while it is being read are one more reading afterwards.
 * `read` answers false when what it read was out of date already.
 */
export function followCase(id: string, read: () => Promise<boolean>) {
  const live = useLive()
  const link = useLink()
  const session = useSession()
  const failure = ref<Failure | null>(null)
  const loading = ref(false)
  let again = false
  let timer = 0

  async function load(): Promise<void> {
    if (loading.value) {
      again = true
      return
    }
    loading.value = true
    try {
      if (!(await read())) again = true
      failure.value = null
    } catch (error) {
      failure.value = asFailure(error)
    } finally {
      loading.value = false
      if (again) {
        again = false
        void load()
      }
    }
  }

  // Two sources, not one list of both: a new list is never the old one, and each row of the stream would be a wish.
  watch([() => live.find(id)?.version, () => live.find(id)?.last_event?.at], () => {
    // What follows within that time comes with it, and never puts it off: a busy case would be the last to be read.
    timer ||= window.setTimeout(() => { timer = 0; void load() }, SETTLE_MS)
  })
  watch(() => link.lost, (lost) => { if (!lost) void load() })
  watch(() => session.phase, (phase) => { if (phase === 'in') void load() })
  onScopeDispose(() => clearTimeout(timer))

  return { failure, loading, load }
}
