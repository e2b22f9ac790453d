import type { AreaNode } from '../types'

export interface Bubble { id: string; name: string; count: number; x: number; y: number; r: number }
export interface Line { at: number; degree: number }
export interface Sheet { bubbles: Bubble[]; meridians: Line[]; parallels: Line[]; scale: { km: number; width: number } | null }

const KM_A_DEGREE = 111.32
const LARGEST = 46
const SMALLEST = 9
const ROUND_KM = [1, 2, 5, 10, 20, 50, 100, 200, 500]
const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]

/**
 * Puts areas with a point on a sheet of `width` by `height`, north up, a kilometre as long east as north. The size of a
 * bubble grows with its number by area, for that is what an eye compares. Areas without a point are left to the table.
 */
export function sheet(areas: AreaNode[], counts: Map<string, number>, width: number, height: number): Sheet {
  const placed = areas.filter((area) => area.lat !== null && area.lon !== null) as (AreaNode & { lat: number; lon: number })[]
  if (!placed.length) return { bubbles: [], meridians: [], parallels: [], scale: null }
  const lats = placed.map((area) => area.lat)
  const lons = placed.map((area) => area.lon)
  const middle = { lat: (Math.min(...lats) + Math.max(...lats)) / 2, lon: (Math.min(...lons) + Math.max(...lons)) / 2 }
  const narrow = Math.cos((middle.lat * Math.PI) / 180)
  const margin = LARGEST + 26
  const spanX = Math.max((Math.max(...lons) - Math.min(...lons)) * narrow, 0.02)
  const spanY = Math.max(Math.max(...lats) - Math.min(...lats), 0.02)
  const pixels = Math.min((width - 2 * margin) / spanX, (height - 2 * margin) / spanY)
  const x = (lon: number) => width / 2 + (lon - middle.lon) * narrow * pixels
  const y = (lat: number) => height / 2 - (lat - middle.lat) * pixels
  const most = Math.max(1, ...placed.map((area) => counts.get(area.id) ?? 0))
  const radius = (count: number) => (count ? Math.max(SMALLEST, LARGEST * Math.sqrt(count / most)) : 5)
  const bubbles = placed
    .map((area) => ({ id: area.id, name: area.name, count: counts.get(area.id) ?? 0, x: x(area.lon), y: y(area.lat), r: radius(counts.get(area.id) ?? 0) }))
    .sort((a, b) => b.r - a.r)
  const step = STEPS.find((one) => one * pixels > 110) ?? 10
  const west = middle.lon - width / 2 / pixels / narrow
  const south = middle.lat - height / 2 / pixels
  return {
    bubbles,
    meridians: degrees(west, middle.lon * 2 - west, step).map((degree) => ({ degree, at: x(degree) })),
    parallels: degrees(south, middle.lat * 2 - south, step).map((degree) => ({ degree, at: y(degree) })),
    scale: scaleOf(pixels),
  }
}

function degrees(from: number, to: number, step: number): number[] {
  const found: number[] = []
  for (let n = Math.ceil(from / step); n * step < to; n += 1) found.push(Math.round(n * step * 1e6) / 1e6)
  return found
}

function scaleOf(pixels: number): { km: number; width: number } {
  const km = ROUND_KM.filter((one) => (one / KM_A_DEGREE) * pixels <= 130).pop() ?? 1
  return { km, width: (km / KM_A_DEGREE) * pixels }
}
