import { createI18n } from 'vue-i18n'

export type Locale = 'zh-CN' | 'en'
const KEPT = 'console.locale'

type Texts = Record<string, string>
type Part = 'first' | 'screens'

/** Only the language that is spoken is fetched: half of what both would weigh. What the first page does not say comes with the other screens. */
const FILES: Record<Part, Record<Locale, () => Promise<{ default: unknown }>>> = {
  first: { 'zh-CN': () => import('./zh-CN.json'), en: () => import('./en.json') },
  screens: { 'zh-CN': () => import('./screens/zh-CN.json'), en: () => import('./screens/en.json') },
}
const wanted = new Set<Part>(['first'])
const loaded = new Set<string>()

export const i18n = createI18n({
  legacy: false,
  locale: firstLocale(),
  fallbackLocale: 'zh-CN',
  messages: {},
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

async function load(of: Locale): Promise<void> {
  await Promise.all([...wanted].filter((part) => !loaded.has(`${part}:${of}`)).map(async (part) => {
    const texts = (await FILES[part][of]()).default as Texts
    i18n.global.setLocaleMessage(of, { ...i18n.global.getLocaleMessage(of), ...texts })
    loaded.add(`${part}:${of}`)
  }))
}

/** The texts of the first page are there; mount nothing before. */
export function ready(): Promise<void> {
  return load(locale())
}

/** Fetches what is not on the first page, together with its texts. */
export async function withTexts<T>(fetch: () => Promise<T>): Promise<T> {
  wanted.add('screens')
  const [part] = await Promise.all([fetch(), load(locale())])
  return part
}

export async function setLocale(to: Locale): Promise<void> {
  await load(to)
  i18n.global.locale.value = to
  localStorage.setItem(KEPT, to)
  document.documentElement.lang = to
}
document.documentElement.lang = locale()

/** A change of language in one window reaches the others, the frames of the split view among them. */
window.addEventListener('storage', ({ key, newValue }) => {
  if (key === KEPT && newValue) void setLocale(newValue as Locale)
})

/** Where one is said otherwise than several, the text is "{n} case | {n} cases", and `n` chooses. */
export function t(key: string, values: Record<string, unknown> = {}): string {
  return i18n.global.t(key, values)
}

export function has(key: string): boolean {
  return key in (i18n.global.getLocaleMessage(locale()) as Texts)
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
