import { shallowRef } from 'vue'
import { locale } from '@/i18n'
import { ask } from '@/live/api'

/** What the record of a visit asks, by the names that config/visits.yaml gives; fetched once. */
interface Choice { code: string; zh: string; en: string }
export interface Form { classes: (Choice & { items: Choice[] })[]; economy: Choice[]; supporter: Choice[] }
export interface Sheet {
  items: Record<string, string>
  economy?: string | null
  supporter?: string | null
  policy?: boolean | null
  needs?: { help: string; text: string | null }[]
  urgent?: string | null
  next_on?: string | null
}

const form = shallowRef<Form | null>(null)
let asked = false

export function useForm() {
  if (!asked) {
    asked = true
    void ask<Form>('/visits/form').then((found) => { form.value = found }, () => { asked = false })
  }
  return form
}

/** By its name; by its code where the form has it no more. */
export function named(choices: Choice[] | undefined, code: string): string {
  const found = choices?.find((one) => one.code === code)
  return found ? found[locale() === 'en' ? 'en' : 'zh'] : code
}
