import type { Meanings, Row, SubjectOf, Words } from './types'

/** The lines of the form, in this order: what was said here, what the file says here, what was heard, what was asked for. */
export function rowsOf(found: Meanings, subject: SubjectOf, asked: string): Row[] {
  const rows = new Map<string, Row>()
  const add = (name: string, value: string | null, heard = 0): void => {
    const key = keyOf(name, value)
    const known = rows.get(key)
    if (known) known.heard = Math.max(known.heard, heard)
    else rows.set(key, { name, value, means: meaning(subject.laid, name, value) ?? '', under: meaning(subject.under, name, value), heard })
  }
  for (const words of [subject.laid, subject.configured]) {
    for (const name of Object.keys(words?.actions ?? {})) add(name, null)
    for (const [name, values] of Object.entries(words?.states ?? {})) for (const value of Object.keys(values)) add(name, value)
  }
  if (asked) add(textOf(asked), null)
  for (const one of found.heard.words) add(one.word, null, one.count)
  for (const one of found.heard.states) for (const each of one.values) add(one.name, each.value, each.count)
  return [...rows.values()]
}

const SAME: Record<string, string> = { on: 'true', yes: 'true', off: 'false', no: 'false' }
/** A word or a value as the server writes it. */
export function textOf(given: string): string {
  const found = given.trim().toLowerCase()
  return SAME[found] ?? found
}

export const keyOf = (name: string, value: string | null): string => (value === null ? name : `${name}=${value}`)

export function meaning(words: Words | null, name: string, value: string | null): string | null {
  if (!words) return null
  return (value === null ? words.actions[name] ?? words.actions['*'] : words.states[name]?.[value]) ?? null
}

/** What the lines say; what is left as it is underneath says nothing. */
export function wordsOf(rows: Row[]): Words {
  const words: Words = { actions: {}, states: {} }
  for (const row of rows) {
    if (!row.means) continue
    if (row.value === null) words.actions[row.name] = row.means
    else (words.states[row.name] ??= {})[row.value] = row.means
  }
  return words
}

/** What is known underneath and stands in no line, for whoever wonders. */
export function others(subject: SubjectOf, rows: Row[]): { key: string; means: string }[] {
  const shown = new Set(rows.map((row) => keyOf(row.name, row.value)))
  const found: { key: string; means: string }[] = []
  for (const [name, means] of Object.entries(subject.under.actions)) found.push({ key: name, means })
  for (const [name, values] of Object.entries(subject.under.states)) for (const [value, means] of Object.entries(values)) found.push({ key: keyOf(name, value), means })
  return found.filter((one) => !shown.has(one.key))
}
