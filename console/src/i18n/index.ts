import { createI18n } from 'vue-i18n'
import en from './en.json'
import zh from './zh-CN.json'

export type Locale = 'zh-CN' | 'en'
const KEPT = 'console.locale'

type Texts = Record<string, string>

export const i18n = createI18n({
  legacy: false,
  locale: firstLocale(),
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zh as unknown as Texts, en: en as unknown as Texts },
  // The keys are flat ("case.close"), so a look-up is one step and no path is taken apart.
  messageResolver: (texts, key) => (texts as Record<string, string>)[key] ?? null,
  missingWarn: false,
  fallbackWarn: false,
})

function firstLocale(): Locale {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem(KEPT)
  return asked === 'en' ? 'en' : 'zh-CN'
}

export function locale(): Locale {
  return i18n.global.locale.value as Locale
}

export function setLocale(to: Locale): void {
  i18n.global.locale.value = to
  localStorage.setItem(KEPT, to)
  document.documentElement.lang = to
}
document.documentElement.lang = locale()

/** A change of language in one window reaches the others, the frames of the split view among them. */
window.addEventListener('storage', ({ key, newValue }) => {
  if (key === KEPT && newValue) setLocale(newValue as Locale)
})

export function t(key: string, values: Record<string, unknown> = {}): string {
  return i18n.global.t(key, values)
}

export function has(key: string): boolean {
  return key in (zh as unknown as Texts)
}

/** The word for a code of the server. An unknown code is shown as it is rather than hidden. */
export function word(group: string, code: string | null | undefined): string {
  if (!code) return '–'
  const key = `${group}.${code}`
  return has(key) ? t(key) : code.replace(/_/g, ' ')
}

export function join(parts: (string | null | undefined | false)[]): string {
  const found = parts.filter((part): part is string => !!part)
  return found.join(locale() === 'en' ? ', ' : '、')
}
