/**
 * The texts of this page: the same flat files as the console's, read by twenty lines instead of a library, because an old
 * telephone on a slow line loads this page.
 */
import { ref, shallowRef } from 'vue'

export type Locale = 'zh-CN' | 'en'
type Texts = Record<string, string>

const KEPT = 'console.locale'
type Files = Record<Locale, () => Promise<{ default: Texts }>>
const FILES: Files = {
  'zh-CN': () => import('./texts/zh-CN.json'),
  en: () => import('./texts/en.json'),
}

export const locale = ref<Locale>(firstLocale())
const texts = shallowRef<Texts>({})

function firstLocale(): Locale {
  const asked = new URLSearchParams(window.location.search).get('lang') ?? localStorage.getItem(KEPT)
  return asked === 'en' ? 'en' : 'zh-CN'
}

const sources: Files[] = [FILES]

/** The texts are there; mount nothing before. */
export async function setLocale(to: Locale = locale.value): Promise<void> {
  const found = await Promise.all(sources.map((files) => files[to]()))
  texts.value = Object.assign({}, ...found.map((one) => one.default))
  locale.value = to
  localStorage.setItem(KEPT, to)
  document.documentElement.lang = to
}

/** Those of screens that are fetched later. */
export async function addTexts(files: Files): Promise<void> {
  sources.push(files)
  await setLocale()
}

export function t(key: string, values: Record<string, string | number> = {}): string {
  return (texts.value[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
}

/** The word for a code of the server. An unknown code is shown as it is rather than hidden. */
export function word(group: string, code: string): string {
  return texts.value[`${group}.${code}`] ?? code.replace(/_/g, ' ')
}
