import { defineAsyncComponent } from 'vue'
import { withTexts } from '@/i18n'

/** What is read after the first minute, and fetched after it: the proof of visits, and how it was. */
export const EvidenceBox = defineAsyncComponent(() => withTexts(() => import('@/evidence/EvidenceBox.vue')))
export const AfterBox = defineAsyncComponent(() => withTexts(() => import('@/followup/AfterBox.vue')))
