import { ref } from 'vue'
import type { Job, Point, Position } from './types'

/** Worse than this it proves nothing about a flat. */
const VAGUE_M = 200
const WAIT_MS = 15_000
const EARTH_M = 6_371_000

/**
 * `vague`: known too badly. `denied`: the person, or the telephone, does not allow it. `none`: it knows nothing.
 * `insecure`: the page came over plain HTTP, and browsers tell such a page nothing.
 */
export type Finding = 'asking' | 'near' | 'far' | 'known' | 'vague' | 'denied' | 'none' | 'insecure'

export function metresBetween(a: Point, b: Point): number {
  const rad = Math.PI / 180
  const across = (b.lon - a.lon) * rad * Math.cos(((a.lat + b.lat) / 2) * rad)
  return Math.hypot((b.lat - a.lat) * rad, across) * EARTH_M
}

export function judge(found: Position, home: Point | null, radius: number): Finding {
  if (found.accuracy_m === null || found.accuracy_m > VAGUE_M) return 'vague'
  if (!home) return 'known'
  return metresBetween(found, home) - found.accuracy_m > radius ? 'far' : 'near'
}

/** Which browser's way to allow the position is shown. */
export function whereToAllow(agent = navigator.userAgent): 'wechat' | 'ios' | 'android' {
  if (/MicroMessenger/i.test(agent)) return 'wechat'
  return /iPhone|iPad|iPod/.test(agent) ? 'ios' : 'android'
}

/** Asked once, when somebody says that they are there or that they go. Nobody is followed. */
export function usePosition(job: Pick<Job, 'position' | 'position_radius_m'>) {
  const finding = ref<Finding>('asking')
  const position = ref<Position | null>(null)

  function ask(): void {
    position.value = null
    if (!window.isSecureContext || !('geolocation' in navigator)) {
      finding.value = 'insecure'
      return
    }
    finding.value = 'asking'
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        position.value = { lat: coords.latitude, lon: coords.longitude, accuracy_m: Math.round(coords.accuracy) }
        finding.value = judge(position.value, job.position, job.position_radius_m)
      },
      (error) => { finding.value = error.code === error.PERMISSION_DENIED ? 'denied' : 'none' },
      { enableHighAccuracy: true, timeout: WAIT_MS, maximumAge: 0 },
    )
  }
  ask()
  return { finding, position, ask }
}
