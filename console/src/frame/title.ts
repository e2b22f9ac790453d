import { onUnmounted, watchEffect } from 'vue'
import { t } from '@/i18n'
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

  const timer = setInterval(() => { blink = !blink; show() }, 1_000)
  const stop = watchEffect(show)

  onUnmounted(() => { clearInterval(timer); stop() })
}
