import type { Ref, ShallowRef } from 'vue'
import { onKeys } from '@/keys/keys'

/**
 * A table by keyboard: ↑ ↓ or J K go from row to row. The focus itself moves, to the first link of each row, so that
 * Enter opens it, a screen reader reads it and Tab goes on from there.
 */
export function useRowKeys(body: Ref<HTMLElement | null> | ShallowRef<HTMLElement | null>): void {
  function move(by: number): void {
    const links = [...(body.value?.querySelectorAll<HTMLElement>('tr a:first-of-type') ?? [])]
    const rows = links.filter((link, n) => link.closest('tr') !== links[n - 1]?.closest('tr'))
    const at = rows.findIndex((link) => link.closest('tr')?.contains(document.activeElement))
    const next = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)]
    next?.focus()
    next?.closest('tr')?.scrollIntoView({ block: 'nearest' })
  }
  onKeys({ ArrowDown: () => move(1), ArrowUp: () => move(-1), KeyJ: () => move(1), KeyK: () => move(-1) })
}
