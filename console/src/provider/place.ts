import { ref } from 'vue'

/** Which screen: in the address, so that the telephone's own back button works. */
export type Screen = 'today' | 'mine' | 'job' | 'in' | 'out'
export interface Place { screen: Screen; job: string }

function read(): Place {
  if (window.location.hash === '#mine') return { screen: 'mine', job: '' }
  const [, job = '', screen = 'job'] = /^#job-(\d+)(?:-(in|out))?$/.exec(window.location.hash) ?? []
  return job ? { screen: screen as Screen, job } : { screen: 'today', job: '' }
}

export const place = ref(read())
window.addEventListener('hashchange', () => { place.value = read(); window.scrollTo(0, 0) })

export function go(screen: Screen, job = ''): void {
  window.location.hash = screen === 'today' ? '' : screen === 'mine' ? 'mine' : `job-${job}${screen === 'job' ? '' : `-${screen}`}`
}
