/** What is fetched later than the page, and only for whoever needs it: an old telephone on a slow line loads this page. */
import { type Component, defineAsyncComponent } from 'vue'

const visits = () => import('./visits')
type Screens = Awaited<ReturnType<typeof visits>>

function ofVisits(pick: (screens: Screens) => Component) {
  return defineAsyncComponent(async () => {
    const screens = await visits()
    await screens.ready
    return pick(screens)
  })
}

export const RoundList = ofVisits((screens) => screens.RoundList)
export const VisitNotice = ofVisits((screens) => screens.VisitNotice)
export const VisitScreens = ofVisits((screens) => screens.VisitScreens)
