import { ref } from 'vue'

/** Which screen: in the address, so that the telephone's own back button works. */
export type Screen = 'today' | 'mine' | 'job' | 'in' | 'out'
export type VisitScreen = 'visit' | 'record' | 'nobody' | 'refused'
export interface Place { screen: Screen; job: string; visit?: { id: string; screen: VisitScreen } }

function read(): Place {
  const [, id = '', shown = 'visit'] = /^#visit-(\d+)(?:-(record|nobody|refused))?$/.exec(window.location.hash) ?? []
  if (id) return { screen: 'today', job: '', visit: { id, screen: shown as VisitScreen } }
  if (window.location.hash === '#mine') return { screen: 'mine', job: '' }
  const [, job = '', screen = 'job'] = /^#job-(\d+)(?:-(in|out))?$/.exec(window.location.hash) ?? []
  return job ? { screen: screen as Screen, job } : { screen: 'today', job: '' }
}

export const place = ref(read())
window.addEventListener('hashchange', () => { place.value = read(); window.scrollTo(0, 0) })

export function goVisit(id: string, screen: VisitScreen = 'visit'): void {
  window.location.hash = `visit-${id}${screen === 'visit' ? '' : `-${screen}`}`
}

export function go(screen: Screen, job = ''): void {
  window.location.hash = screen === 'today' ? '' : screen === 'mine' ? 'mine' : `job-${job}${screen === 'job' ? '' : `-${screen}`}`
}
