/** The screens of check-in visits, with their texts: fetched at once for whoever makes visits, and for nobody else. */
import './visits.css'
import { addTexts } from '../texts'

export { default as RoundList } from './RoundList.vue'
export { default as VisitNotice } from './VisitNotice.vue'
export { default as VisitScreens } from './VisitScreens.vue'

export const ready = addTexts({
  'zh-CN': () => import('./texts/zh-CN.json'),
  en: () => import('./texts/en.json'),
})
