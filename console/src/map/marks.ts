import { t, word } from '@/i18n'
import { asAgo } from '@/i18n/time'
import { PRIORITIES } from '@/ui/severity'
import type { CaseRow } from '@/live/types'
import { causeOf, numberOf, whoOf } from '@/workplace/rowtext'
import { project, type Size, type View } from './projection'
import type { CaseSpot, HelperSpot, Layer, MapData, Mark, StationSpot } from './types'

/** So many signs are drawn one by one; more are drawn together where they lie together. */
export const CROWD = 200
const CELL = 44

export interface Group { key: string; x: number; y: number; marks: Mark[] }

/** What the map shows, the most pressing first. A case is drawn while the live list has it, so it leaves with its end. */
export function marksOf(data: MapData, rows: Map<string, CaseRow>, layers: Record<Layer, boolean>, at: number): Mark[] {
  const marks: Mark[] = []
  if (layers.cases) {
    const shown = data.cases.items.map((spot) => caseMark(spot, rows.get(spot.id))).filter((mark) => mark !== null)
    marks.push(...PRIORITIES.flatMap((priority) => shown.filter((mark) => mark.row?.priority === priority)))
  }
  if (layers.helpers) marks.push(...data.helpers.items.map((spot) => helperMark(spot, rows, at)))
  if (layers.stations) marks.push(...data.stations.items.map(stationMark))
  return marks
}

function caseMark(spot: CaseSpot, row: CaseRow | undefined): Mark | null {
  if (!row) return null
  return { ...spot, key: `case:${spot.id}`, layer: 'cases', sign: `p${row.priority}`, row, caseId: spot.id, title: `${numberOf(row)} ${causeOf(row)}`, detail: `${whoOf(row)} · ${word('state', row.state)}` }
}

function helperMark(spot: HelperSpot, rows: Map<string, CaseRow>, at: number): Mark {
  const sign = spot.old ? 'old' : spot.case_id ? 'busy' : 'free'
  const job = spot.case_id && rows.get(spot.case_id)
  const doing = job ? t('map.goes_to', { n: numberOf(job) }) : t(spot.case_id ? 'map.busy' : 'map.free')
  const age = t(spot.old ? 'map.position_old' : 'map.position', { ago: asAgo(spot.at, at) })
  return { lat: spot.lat, lon: spot.lon, key: `helper:${spot.id}`, layer: 'helpers', sign, title: spot.name, detail: `${word('helper_kind', spot.kind)} · ${doing} · ${age}`, caseId: spot.case_id ?? undefined }
}

function stationMark(spot: StationSpot): Mark {
  return { lat: spot.lat, lon: spot.lon, key: `station:${spot.id}`, layer: 'stations', sign: 'station', title: spot.name, detail: t('map.station') }
}

/** What lies on the sheet, each in its place; a crowd is counted together, but never what is selected. */
export function groupsOf(marks: Mark[], view: View, size: Size, selected: string): Group[] {
  const placed = marks.map((mark) => ({ mark, ...project(mark, view, size) })).filter(({ x, y }) => x > -20 && y > -20 && x < size.width + 20 && y < size.height + 20)
  if (placed.length <= CROWD) return placed.map(({ mark, x, y }) => ({ key: mark.key, x, y, marks: [mark] }))
  const cells = new Map<string, Group>()
  for (const { mark, x, y } of placed) {
    const key = mark.key === selected ? mark.key : `${Math.floor(x / CELL)}:${Math.floor(y / CELL)}`
    const group = cells.get(key) ?? { key, x: 0, y: 0, marks: [] }
    const n = group.marks.push(mark)
    group.x += (x - group.x) / n
    group.y += (y - group.y) / n
    cells.set(key, group)
  }
  return [...cells.values()]
}
