import { computed, ref } from 'vue'
import { draftOf } from './drafts'
import type { Evidence } from './queue'
import { usePosition } from './position'
import { t } from './texts'
import type { Job } from './types'
import { report } from './work'

/** What is asked at the door, on the way in and on the way out: where they are, or what stands in for it. */
export function useProof(job: Job) {
  const { finding, position, ask } = usePosition(job)
  const draft = draftOf(job.assignment_id)
  const code = ref('')
  const why = ref('')
  /** A reason is asked for, and the answer is awaited; nothing else keeps anybody from going on. */
  const lacks = computed(() => finding.value === 'asking' || (finding.value === 'far' && !why.value))

  function evidence(more: Evidence = {}): Evidence {
    const far = finding.value === 'far' ? t('place.far_note', { why: t(`far.${why.value}`) }) : ''
    const note = [far, more.note?.trim()].filter(Boolean).join('\n')
    return { ...more, note: note || undefined, code: code.value.trim() || undefined }
  }

  async function sendPhotos(): Promise<void> {
    for (const { uuid, bytes } of draft.photos) await report(job, 'photo', { photo: bytes, uuid })
    draft.sent += draft.photos.length
    draft.photos = []
  }

  return { finding, position, ask, draft, code, why, lacks, evidence, sendPhotos }
}
