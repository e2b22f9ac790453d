import { withTexts } from '@/i18n'

/** Fetched as soon as a case is on the screen, so that F4 finds it also when the line is cut. */
export const fetchPanel = () => withTexts(() => import('./DispatchPanel.vue'))
