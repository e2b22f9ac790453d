'use strict'
// The board asks every two seconds; what it shows is never older than it says. It makes no sound and takes no input.

const body = document.body
const words = JSON.parse(body.dataset.words)
const codes = JSON.parse(body.dataset.codes)
const parameters = new URLSearchParams(location.search)
const EVERY = 2000
const PATIENCE = 4000
const STALE = 10000
const NIGHT = 4 // o'clock, when a new version is loaded if nobody noticed it before
const METRES = 5
const OVERLOAD = 2 // alarms for a seat in ten minutes: more than one person can talk through

const byId = (id) => document.getElementById(id)
const say = (text, values) => Object.entries(values).reduce((said, [name, value]) => said.replace(`{${name}}`, value), text)
const metres = Number(parameters.get('distance'))
if (metres >= 2 && metres <= 20) document.documentElement.style.setProperty('--scale', String(Math.min(1.5, Math.max(0.8, metres / METRES))))

let shown = null
let heardAt = 0 // by the monotonic clock: the wall's own may be wrong
let serverAhead = 0
let refused = false

const serverNow = () => Date.now() + serverAhead

function clockTime(milliseconds) {
  return new Date(milliseconds).toLocaleTimeString(words.lang, { hour12: false })
}

function passed(since) {
  const seconds = Math.max(0, Math.floor((serverNow() - Date.parse(since)) / 1000))
  const two = (number) => String(number).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  return hours ? `${hours}:${two(Math.floor((seconds % 3600) / 60))}h` : `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`
}

async function look() {
  const gaveUp = new AbortController()
  const timer = setTimeout(() => gaveUp.abort(), PATIENCE)
  try {
    const answer = await fetch('/api/v1/wall', {
      headers: { Authorization: `Bearer ${parameters.get('token') ?? ''}`, Accept: 'application/json' },
      credentials: 'omit',
      cache: 'no-store',
      signal: gaveUp.signal,
    })
    refused = answer.status === 401
    if (answer.ok) take(await answer.json())
    else if (refused) shown = null
  } catch {
    // The line is cut: the age of what is shown says so.
  } finally {
    clearTimeout(timer)
    draw()
    setTimeout(look, EVERY)
  }
}

function take(board) {
  shown = board
  heardAt = performance.now()
  serverAhead = Date.parse(board.server_time) - Date.now()
  if (board.build !== body.dataset.build && mayReload()) location.reload()
}

/** At four in the morning, or whenever nobody waits. */
function mayReload() {
  const idle = !shown.waiting.p1 && !shown.waiting.p2
  return idle || new Date(serverNow()).getHours() === NIGHT
}

function draw() {
  const age = heardAt ? performance.now() - heardAt : Infinity
  const stale = refused || (heardAt > 0 && age > STALE)
  body.classList.toggle('stale', stale)
  const stopped = byId('stopped')
  stopped.hidden = !stale
  const text = refused ? words.refused : stale ? say(words.stopped, { time: clockTime(serverNow() - age) }) : ''
  if (stopped.textContent !== text) stopped.textContent = text
  byId('clock').textContent = clockTime(serverNow())
  byId('link').textContent = stale || !shown ? (heardAt ? '' : words.starting) : `● ${say(words.live, { n: Math.round(age / 1000) })}`
  if (shown) numbers()
}

function numbers() {
  const { waiting, answered, load } = shown
  byId('p1').textContent = waiting.p1
  byId('p2').textContent = waiting.p2
  byId('p1').parentElement.classList.toggle('alarm', waiting.p1 > 0)
  byId('p2').parentElement.classList.toggle('warn', waiting.p2 > 0)
  byId('oldest').textContent = waiting.oldest ? passed(waiting.oldest) : words.no_data
  byId('answered-label').textContent = say(words.answered, { n: answered.within })
  byId('answered').textContent = answered.percent === null ? words.no_data : `${answered.percent}%`
  byId('target').textContent = say(words.target, { n: answered.target })
  byId('answered').parentElement.classList.toggle('good', answered.percent !== null && answered.percent >= answered.target)
  byId('answered').parentElement.classList.toggle('warn', answered.percent !== null && answered.percent < answered.target)
  byId('load').textContent = load === null ? words.no_data : load
  byId('load').parentElement.classList.toggle('warn', load !== null && load > OVERLOAD)
  byId('area').textContent = shown.area
  byId('open').textContent = say(words.more, { n: shown.open })
  list('cases', shown.cases, caseLine)
  byId('none').hidden = shown.cases.length > 0
  list('events', shown.events, ({ community, cause, since }) => [`${community} · ${codes[cause] ?? cause} · ${words.since} ${clockTime(Date.parse(since)).slice(0, 5)}`])
  list('messages', shown.messages, ({ text }) => [text])
  byId('events-box').hidden = !shown.events.length
  byId('messages-box').hidden = !shown.messages.length
  document.querySelector('.side').classList.toggle('shown', shown.events.length + shown.messages.length + shown.districts.length > 0)
  map(shown.districts)
}

function caseLine(one) {
  const line = [
    ['mark', one.priority === 1 ? '◆' : '▲'],
    ['cause', codes[one.cause] ?? one.cause],
    ['community', one.community],
    ['time', passed(one.since)],
    ['state', codes[one.state] ?? one.state],
  ]
  return line.map(([name, text]) => Object.assign(document.createElement('span'), { className: name, textContent: text }))
}

// North up, a kilometre as long east as north, without any tile: each place a bubble that grows with what is open there.
const SHEET = { width: 480, margin: 58, largest: 30, smallest: 16, marked: 22 }
let drawn = ''

function map(places) {
  byId('map-box').hidden = !places.length
  const svg = byId('map')
  const box = svg.getBoundingClientRect()
  const height = box.width && Math.round(SHEET.width * box.height / box.width)
  const wanted = JSON.stringify([places, height])
  if (wanted === drawn || !places.length || !height) return
  drawn = wanted
  const range = (values) => [Math.min(...values), Math.max(...values)]
  const [south, north] = range(places.map(({ lat }) => lat))
  const [west, east] = range(places.map(({ lon }) => lon))
  const narrow = Math.cos(((south + north) / 2) * Math.PI / 180)
  const scale = Math.min(
    (SHEET.width - 2 * SHEET.margin) / Math.max((east - west) * narrow, 0.02),
    (height - 2 * SHEET.margin) / Math.max(north - south, 0.02),
  )
  const most = Math.max(1, ...places.map(({ open }) => open))
  svg.setAttribute('viewBox', `0 0 ${SHEET.width} ${height}`)
  const parts = places.map((one) => {
    const x = SHEET.width / 2 + (one.lon - (west + east) / 2) * narrow * scale
    const y = height / 2 - (one.lat - (south + north) / 2) * scale
    const r = one.open ? Math.max(one.p1 ? SHEET.marked : SHEET.smallest, SHEET.largest * Math.sqrt(one.open / most)) : 6
    const kind = one.p1 ? 'urgent' : one.open ? 'some' : 'none'
    return [
      [shape('circle', { cx: x, cy: y, r, class: kind })],
      [...(one.open ? [shape('text', { x, y: y + 7, class: 'count' }, one.p1 ? `◆${one.open}` : one.open)] : []),
      shape('text', { x, y: y + r + 22, class: 'place' }, one.name)],
    ]
  })
  // All words above all bubbles: a neighbour must not hide a name.
  svg.replaceChildren(...parts.flatMap(([bubble]) => bubble), ...parts.flatMap(([, said]) => said))
}

function shape(kind, values, text = '') {
  const made = document.createElementNS('http://www.w3.org/2000/svg', kind)
  for (const [name, value] of Object.entries(values)) made.setAttribute(name, value)
  made.textContent = text
  return made
}

function list(id, items, line) {
  const rows = items.map((one) => {
    const row = document.createElement('li')
    if (one.priority) row.className = `p${one.priority} ${one.state}`
    row.append(...line(one))
    return row
  })
  byId(id).replaceChildren(...rows)
}

setInterval(draw, 1000)
void look()
