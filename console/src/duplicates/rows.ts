import { join, t, word } from '@/i18n'
import { asCalendarDay } from '@/i18n/time'
import type { Person } from '@/imports/types'

type Row = { key: string; of: (one: Person) => string[] }
const or = (text: string | null | undefined): string[] => [text || '–']

/** What is held against each other, in the order in which one person is told from another. */
export const ROWS: Row[] = [
  { key: 'name', of: (one) => or(one.name) },
  { key: 'sex', of: (one) => [word('sex', one.sex)] },
  { key: 'birth_date', of: (one) => [`${asCalendarDay(one.birth_date)} · ${t('double.age', { n: one.age })}`] },
  { key: 'identity_masked', of: (one) => or(one.identity_masked) },
  { key: 'phone_masked', of: (one) => or(one.phone_masked) },
  { key: 'area', of: (one) => or(one.area.name) },
  { key: 'address_masked', of: (one) => or(one.address_masked) },
  { key: 'flags', of: (one) => or(join(one.flags.map((code) => word('flag', code)))) },
  { key: 'languages', of: (one) => or(join(one.languages.map((code) => word('language', code)))) },
  { key: 'dialect', of: (one) => or(one.dialect) },
  { key: 'ability_level', of: (one) => or(one.ability_level === null ? null : String(one.ability_level)) },
  { key: 'external_id', of: (one) => or(one.external_id) },
  { key: 'contacts', of: (one) => list(one.contact_list?.map((c) => `${c.name} · ${word('relation', c.relation)} · ${c.phone_masked}`)) },
  { key: 'devices', of: (one) => list(one.device_list?.map((d) => join([d.number, d.location]))) },
  { key: 'facts', of: (one) => list(one.fact_list?.map((f) => f.text)) },
  { key: 'cases', of: (one) => [String(one.cases)] },
]

function list(lines: string[] | undefined): string[] {
  return lines?.length ? lines : ['–']
}
