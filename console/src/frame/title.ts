import { onUnmounted, watch } from 'vue'
import { locale, t } from '@/i18n'
import { useWorkplace } from '@/workplace/store'

/** The tab's title says what waits, and blinks while the tab is hidden and something urgent waits. */
export function useTitle(): void {
  const work = useWorkplace()
  let blink = false

  function urgentCount(): number { return work.unowned.filter((row) => row.priority === 1).length }

  function show(): void {
    const count = urgentCount()
    const name = t('app.name')
    if (!count) document.title = name
    else document.title = blink && document.hidden ? `◆ ${t('priority.1')} ◆` : `(◆${count}) ${name}`
  }

  // The count follows once a second: each new title is a message to the browser's own process.
  const timer = setInterval(() => { blink = !blink; show() }, 1_000)
  const stop = watch([() => urgentCount() > 0, locale], show, { immediate: true })

  onUnmounted(() => { clearInterval(timer); stop() })
}
