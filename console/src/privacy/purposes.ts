import { shallowRef } from 'vue'
import { locale } from '@/i18n'
import { ask } from '@/live/api'
import type { List } from '@/live/types'
import type { Purpose } from './types'

const known = shallowRef<Purpose[]>([])
let asked = false

/** Purposes are configuration of this centre, so their names come from it. */
export function usePurposes() {
  if (!asked) {
    asked = true
    ask<List<Purpose>>('/privacy/purposes').then((found) => { known.value = found.items }, () => { asked = false })
  }
  return (code: string): string => {
    const found = known.value.find((one) => one.code === code)
    return found ? found.name[locale() === 'en' ? 'en' : 'zh'] : code
  }
}
