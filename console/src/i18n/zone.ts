/**
 * The centre's time zone. Shifts, days and appointments are the centre's, however the clock of this PC is set: an
 * operator who works from elsewhere must not put a shift into the wrong hour.
 */
let zone: string | undefined
let parts = formatter()

function formatter(): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
  })
}

export function setZone(name: string): void {
  zone = name
  parts = formatter()
}

/** Until the server has named it, the zone of this PC. */
export function zoneName(): string | undefined { return zone }

/** What the centre's clock shows at that moment: `2026-11-24T08:00:12`. */
function wall(at: number): string {
  const found = Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, value]))
  return `${found.year}-${found.month}-${found.day}T${found.hour}:${found.minute}:${found.second}`
}

/** `2026-11-24` */
export function dayOf(at: number | string): string { return wall(new Date(at).getTime()).slice(0, 10) }
/** `08:00` */
export function timeOf(at: number | string): string { return wall(new Date(at).getTime()).slice(11, 16) }

/** What an <input type="datetime-local"> wants. */
export function forInput(at: number): string { return wall(at).slice(0, 16) }

/** The moment at which the centre's clock shows `2026-11-24T08:00`, or the beginning of a day. */
export function fromInput(text: string): Date {
  const wanted = Date.parse(`${text.includes('T') ? text : `${text}T00:00`}Z`)
  // Twice, because the first guess may lie on the other side of a change to summer time.
  const guess = wanted - ahead(wanted)
  return new Date(wanted - ahead(guess))
}
/** The last moment of a day. */
export function endOfDay(day: string): Date { return fromInput(`${day}T23:59:59.999`) }

function ahead(at: number): number { return Date.parse(`${wall(at)}Z`) - Math.floor(at / 1000) * 1000 }
