import type { AreaNode } from '../types'

export interface Bubble { id: string; name: string; named: boolean; count: number; x: number; y: number; r: number }
interface Spot { x: number; y: number }
export interface Line { at: number; degree: number }
export interface Sheet { bubbles: Bubble[]; meridians: Line[]; parallels: Line[]; scale: { km: number; width: number } | null }

const KM_A_DEGREE = 111.32
const LARGEST = 46
const SMALLEST = 9
/** The line of text under a bubble, and the degrees along the left and the lower edge. */
const LABEL = 20
const EDGE = 44
const FOOT = 20
const TURNS = 4000
const ROUND_KM = [1, 2, 5, 10, 20, 50, 100, 200, 500]
const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]

/**
 * Puts areas with a point on a sheet of `width` by `height`, north up, a kilometre as long east as north. The size of a
 * bubble grows with its number by area, for that is what an eye compares; many share the sheet in smaller ones. What would
 * lie on top of another is pushed aside. Areas without a point are left to the table.
 */
export function sheet(areas: AreaNode[], counts: Map<string, number>, width: number, height: number): Sheet {
  const placed = areas.filter((area) => area.lat !== null && area.lon !== null) as (AreaNode & { lat: number; lon: number })[]
  if (!placed.length) return { bubbles: [], meridians: [], parallels: [], scale: null }
  const lats = placed.map((area) => area.lat)
  const lons = placed.map((area) => area.lon)
  const middle = { lat: (Math.min(...lats) + Math.max(...lats)) / 2, lon: (Math.min(...lons) + Math.max(...lons)) / 2 }
  const narrow = Math.cos((middle.lat * Math.PI) / 180)
  const largest = Math.min(LARGEST, Math.sqrt((width * height) / (12 * placed.length)))
  const spanX = Math.max((Math.max(...lons) - Math.min(...lons)) * narrow, 0.02)
  const spanY = Math.max(Math.max(...lats) - Math.min(...lats), 0.02)
  const pixels = Math.min((width - 2 * (largest + EDGE)) / spanX, (height - 2 * (largest + LABEL + FOOT)) / spanY)
  const x = (lon: number) => width / 2 + (lon - middle.lon) * narrow * pixels
  const y = (lat: number) => height / 2 - (lat - middle.lat) * pixels
  const most = Math.max(1, ...placed.map((area) => counts.get(area.id) ?? 0))
  const radius = (count: number) => (count ? Math.max(SMALLEST, largest * Math.sqrt(count / most)) : 5)
  const bubbles = placed
    .map((area) => ({ id: area.id, name: area.name, named: true, count: counts.get(area.id) ?? 0, x: x(area.lon), y: y(area.lat), r: radius(counts.get(area.id) ?? 0) }))
    .sort((a, b) => b.r - a.r)
  setApart(bubbles, width, height)
  const step = STEPS.find((one) => one * pixels > 110) ?? 10
  const west = middle.lon - width / 2 / pixels / narrow
  const south = middle.lat - height / 2 / pixels
  return {
    bubbles,
    meridians: degrees(west, middle.lon * 2 - west, step).map((degree) => ({ degree, at: x(degree) })).filter((line) => line.at < width - EDGE - 12),
    parallels: degrees(south, middle.lat * 2 - south, step).map((degree) => ({ degree, at: y(degree) })).filter((line) => line.at > FOOT && line.at < height - FOOT),
    scale: scaleOf(pixels),
  }
}

/**
 * Each takes a box, its name included; the largest first, each in the nearest free spot around where it belongs. Where the
 * sheet is full, it stays and its name is left to the table and the pointer.
 */
function setApart(bubbles: Bubble[], width: number, height: number): void {
  const half = (one: Bubble) => Math.max(one.r, 7 * one.name.length) + 2
  for (const [n, one] of bubbles.entries()) {
    const placed = bubbles.slice(0, n).filter((other) => other.named)
    for (const spot of spots(one, half(one), width, height)) {
      one.named = !placed.some((other) => Math.abs(other.x - spot.x) < half(one) + half(other) && Math.abs(other.y - spot.y) < one.r + other.r + LABEL)
      if (!one.named) continue
      Object.assign(one, spot)
      break
    }
  }
}

/** Ever further around a bubble's own place, and on the sheet. */
function* spots(one: Bubble, half: number, width: number, height: number): Generator<Spot, void> {
  for (let turn = 0; turn < TURNS; turn += 1) {
    const away = 6 * Math.sqrt(turn)
    yield {
      x: Math.min(Math.max(one.x + away * Math.cos(2.4 * turn), half), width - half),
      y: Math.min(Math.max(one.y + away * Math.sin(2.4 * turn), one.r + 4), height - FOOT - LABEL - one.r),
    }
  }
}

function degrees(from: number, to: number, step: number): number[] {
  const found: number[] = []
  for (let n = Math.ceil(from / step); n * step < to; n += 1) found.push(Math.round(n * step * 1e6) / 1e6)
  return found
}

export function scaleOf(pixels: number): { km: number; width: number } {
  const km = ROUND_KM.filter((one) => (one / KM_A_DEGREE) * pixels <= 130).pop() ?? 1
  return { km, width: (km / KM_A_DEGREE) * pixels }
}
