import { computed, shallowRef } from 'vue'
import { ask } from '@/live/api'
import { inWords } from '@/response/words'
import type { Catalogue, CatalogueItem } from './types'

/** The ten helps and their items; the same for everybody, so it is read once a sitting. */
const catalogue = shallowRef<Catalogue | null>(null)
let reading: Promise<void> | null = null

/** What cannot be read now is asked for again the next time; until then codes stand for their words. */
export function useCatalogue() {
  if (!catalogue.value) {
    reading ??= ask<Catalogue>('/services')
      .then((found) => { catalogue.value = found }, () => {})
      .finally(() => { reading = null })
  }
  const kinds = computed(() => catalogue.value?.kinds ?? [])
  const skills = computed(() => catalogue.value?.skills ?? [])
  const items = computed(() => catalogue.value?.items ?? [])

  const itemsOf = (help: string | null): CatalogueItem[] => items.value.filter((item) => item.help === help)
  const kindWord = (code: string): string => inWords(kinds.value.find((one) => one.code === code)) || code
  const skillWord = (code: string): string => inWords(skills.value.find((one) => one.code === code)) || code
  return { kinds, skills, items, itemsOf, kindWord, skillWord }
}
