import { locale, t } from '@/i18n'
import type { Done } from './walk'
import type { Step, Words } from './types'

/** Scripts carry both languages: they are the centre's own and not the console's. */
export function inWords(words: Words | null | undefined): string {
  return words ? (locale() === 'en' ? words.en : words.zh) : ''
}

export function asks(step: Step): string {
  return inWords(step.ask ?? step.say)
}

export function doing({ what, value }: Done, how: 'do' | 'did' = 'do'): string {
  return t(how === 'do' ? `do.${what}` : `did.${what}`, { service: value, priority: what === 'priority' ? t(`priority.${value}`) : '' })
}
