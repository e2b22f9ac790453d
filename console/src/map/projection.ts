import type { Outlines, Place } from './types'

/** What is in the middle of the sheet, and how many pixels a degree of latitude takes. North is up. */
export interface View { lat: number; lon: number; scale: number }
export interface Size { width: number; height: number }
export interface Spot { x: number; y: number }

const NEAREST = 400_000
const FARTHEST = 200
const EDGE = 48
/** Degrees; one place alone is shown with its neighbourhood. */
const SMALLEST_SPAN = 0.02

const narrow = (lat: number) => Math.cos((lat * Math.PI) / 180)

export function project(place: Place, view: View, size: Size): Spot {
  return {
    x: size.width / 2 + (place.lon - view.lon) * narrow(view.lat) * view.scale,
    y: size.height / 2 - (place.lat - view.lat) * view.scale,
  }
}

export function unproject(spot: Spot, view: View, size: Size): Place {
  return {
    lat: view.lat - (spot.y - size.height / 2) / view.scale,
    lon: view.lon + (spot.x - size.width / 2) / view.scale / narrow(view.lat),
  }
}

/** All of these, with some space around. */
export function fit(places: Place[], size: Size): View {
  if (!places.length) return { lat: 0, lon: 0, scale: FARTHEST }
  let [south, north, west, east] = [Infinity, -Infinity, Infinity, -Infinity]
  for (const { lat, lon } of places) {
    south = Math.min(south, lat)
    north = Math.max(north, lat)
    west = Math.min(west, lon)
    east = Math.max(east, lon)
  }
  const lat = (south + north) / 2
  const high = (size.height - 2 * EDGE) / Math.max(SMALLEST_SPAN, north - south)
  const wide = (size.width - 2 * EDGE) / Math.max(SMALLEST_SPAN, (east - west) * narrow(lat))
  return { lat, lon: (west + east) / 2, scale: held(Math.min(high, wide)) }
}

const held = (scale: number) => Math.min(NEAREST, Math.max(FARTHEST, scale))

/** Nearer or further, with the place under `around` staying where it is. */
export function zoom(view: View, factor: number, size: Size, around: Spot = { x: size.width / 2, y: size.height / 2 }): View {
  const scale = held(view.scale * factor)
  const fixed = unproject(around, view, size)
  const next = { ...view, scale }
  const moved = unproject(around, next, size)
  return { scale, lat: view.lat + fixed.lat - moved.lat, lon: view.lon + fixed.lon - moved.lon }
}

export function pan(view: View, x: number, y: number): View {
  return { ...view, lat: view.lat - y / view.scale, lon: view.lon + x / view.scale / narrow(view.lat) }
}

/** Outlines as one path each, in degrees; the sheet moves and scales them. */
export function paths(outlines: Outlines): { name: string; d: string }[] {
  return outlines.features.map(({ properties, geometry }) => {
    const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
    const d = polygons.flat().map((ring) => `M${ring.map(([lon, lat]) => `${lon} ${lat}`).join('L')}Z`).join('')
    return { name: properties.name ?? properties.code ?? '', d }
  })
}

/** What brings degrees onto the sheet. */
export function transform(view: View, size: Size): string {
  const wide = narrow(view.lat) * view.scale
  return `matrix(${wide} 0 0 ${-view.scale} ${size.width / 2 - view.lon * wide} ${size.height / 2 + view.lat * view.scale})`
}
