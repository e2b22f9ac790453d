/** Fetched as soon as a case is on the screen, so that F4 finds it also when the line is cut. */
export const fetchPanel = () => import('./DispatchPanel.vue')
