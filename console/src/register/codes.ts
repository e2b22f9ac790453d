import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { locale, word } from '@/i18n'
import { ask } from '@/live/api'
import type { Group, Names, Purpose, Standard } from './types'

interface Groups { items: Group[]; service_forms: { code: string; name: Names }[] }

/** What is configured at this centre: target groups, forms of care, standards, purposes. Asked once. */
export const useCodes = defineStore('codes', () => {
  const groups = shallowRef<Group[]>([])
  const forms = shallowRef<{ code: string; name: Names }[]>([])
  const standards = shallowRef<Standard[]>([])
  const purposes = shallowRef<Purpose[]>([])
  const asked = new Set<string>()

  async function once(name: string, load: () => Promise<void>): Promise<void> {
    if (asked.has(name)) return
    asked.add(name)
    try {
      await load()
    } catch {
      asked.delete(name)
    }
  }
  const needGroups = () => once('groups', async () => {
    const found = await ask<Groups>('/register/tags')
    groups.value = found.items
    forms.value = found.service_forms
  })
  const needStandards = () => once('standards', async () => {
    standards.value = (await ask<{ items: Standard[] }>('/assessments/standards')).items
  })
  const needPurposes = () => once('purposes', async () => {
    purposes.value = (await ask<{ items: Purpose[] }>('/privacy/purposes')).items
  })

  function groupName(code: string): string {
    const found = groups.value.find((one) => one.code === code)
    return found ? named(found.name) : word('elder_flag', code)
  }
  function formName(code: string | null | undefined): string {
    const found = forms.value.find((one) => one.code === code)
    return found ? named(found.name) : code ?? '–'
  }

  function purposeName(code: string): string {
    const found = purposes.value.find((one) => one.code === code)
    return found ? named(found.name) : code
  }

  return { groups, forms, standards, purposes, needGroups, needStandards, needPurposes, groupName, formName, purposeName }
})

export function named(names: Names): string {
  return locale() === 'en' ? names.en : names.zh
}
