import { join, t, word } from '@/i18n'
import { asDay } from '@/i18n/time'
import type { ElderFile } from '../types'
import { absenceWords, levelWords } from '../words'

export interface Difference { label: string; before: string; after: string }

/** Two readings of one file, line by line, in words: what somebody else has changed in between. */
export function differences(before: ElderFile, after: ElderFile): Difference[] {
  const old = lines(before)
  const now = lines(after)
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((label) => old.get(label) !== now.get(label))
    .map((label) => ({ label, before: old.get(label) || '–', after: now.get(label) || '–' }))
}

function lines({ elder, household, contacts }: ElderFile): Map<string, string> {
  const found = new Map<string, string>([
    [t('reg.name'), elder.name],
    [t('elder.sex'), word('sex', elder.sex)],
    [t('elder.birth_date'), elder.birth_date],
    [t('elder.identity'), elder.identity_masked ?? ''],
    [t('reg.phone'), elder.phone_masked ?? ''],
    [t('elder.languages'), join(elder.languages.map((one) => word('language', one)))],
    [t('elder.dialect'), elder.dialect ?? ''],
    [t('elder.hearing'), elder.hearing ? word('hearing', elder.hearing) : ''],
    [t('reg.level'), levelWords(elder.ability_level)],
    [t('reg.absent'), absenceWords(elder.absence)],
    [t('reg.marks'), join(elder.flags.map((one) => word('elder_flag', one)))],
    [t('elder.archived'), elder.archived_at ? asDay(elder.archived_at) : ''],
    [t('reg.address'), household.address ?? household.address_masked ?? ''],
    [t('elder.access'), household.access_notes ?? ''],
    [t('elder.keys'), join((household.keys ?? []).map((key) => `${key.holder} ${key.where ?? ''}`.trim()))],
  ])
  for (const one of contacts) {
    const key = one.has_key ? t('contacts.key') : ''
    found.set(`${t('elder.contact')} ${one.name}`, join([String(one.order + 1), word('relation', one.relation), one.phone ?? one.phone_masked, key]))
  }
  for (const fact of elder.facts) {
    found.set(`${word('fact', fact.kind)} #${fact.id}`, join([fact.text, fact.confirmed_at ? asDay(fact.confirmed_at) : '']))
  }
  return found
}
