'use strict'
// One press is one event: it is sent with the same id until the centre has answered, however long that takes.

const page = document.getElementById('elder')
const words = page.dataset
const state = document.getElementById('state')
const sent = document.getElementById('sent')
const FIRST_WAIT = 1000
const LONGEST_WAIT = 5000
const PATIENCE = 8000
const LOOK_EVERY = 2000

// crypto.randomUUID is missing on plain http, where many home devices live.
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function fetchWithin(url, options) {
  const gaveUp = new AbortController()
  const timer = setTimeout(() => gaveUp.abort(), PATIENCE)
  try {
    return await fetch(url, { ...options, signal: gaveUp.signal })
  } finally {
    clearTimeout(timer)
  }
}

// The centre's answer, null when it refuses for good, undefined when it could not be reached.
async function tryOnce(body) {
  try {
    const answer = await fetchWithin('/api/v1/signals', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${words.token}` },
      body,
    })
    if (answer.ok) return await answer.json()
    return answer.status < 500 && answer.status !== 429 && answer.status !== 408 ? null : undefined
  } catch {
    return undefined
  }
}

async function deliver(kind) {
  const body = JSON.stringify({
    device: words.device, kind, event_id: uuid(), occurred_at: new Date().toISOString(),
  })
  for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
    const answer = await tryOnce(body)
    if (answer !== undefined) return answer
    sent.textContent = words.retrying
    await pause(wait)
  }
}

function told(kind, answer) {
  if (answer === null) return words.refused
  if (kind === 'sos') return words.sentSos
  if (kind === 'test') return words.sentTest
  return answer.case_id || answer.spooled ? words.sentCancel : words.sentCancelIdle
}

async function press(button) {
  if (button.getAttribute('aria-busy') === 'true') return
  button.setAttribute('aria-busy', 'true')
  sent.textContent = words.sending
  const answer = await deliver(button.dataset.kind)
  button.removeAttribute('aria-busy')
  sent.textContent = told(button.dataset.kind, answer)
  look()
}

// Written only when it changes, so that a screen reader does not repeat itself.
async function look() {
  try {
    const answer = await fetchWithin(words.stateUrl, { headers: { Accept: 'application/json' } })
    if (!answer.ok) return
    const now = await answer.json()
    page.dataset.phase = now.phase
    if (state.textContent !== now.text) state.textContent = now.text
  } catch {
    // The next look will tell.
  }
}

for (const button of page.querySelectorAll('button[data-kind]')) {
  button.addEventListener('click', () => press(button))
}
look()
setInterval(() => { if (!document.hidden) look() }, LOOK_EVERY)
