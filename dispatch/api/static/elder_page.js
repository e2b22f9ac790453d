'use strict'
// The page works without this. With it a press that does not get through is tried again, with the same press token, for
// as long as the page is open, and the words of the state stay fresh.

const words = document.body.dataset
const state = document.getElementById('state')
const said = document.getElementById('said')
const PATIENCE = 8000
const LOOK_EVERY = 5000

function tell(text) {
  said.hidden = !text
  if (said.textContent !== text) said.textContent = text
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function within(url, options) {
  const gaveUp = new AbortController()
  const timer = setTimeout(() => gaveUp.abort(), PATIENCE)
  try {
    return await fetch(url, { ...options, signal: gaveUp.signal, credentials: 'omit' })
  } finally {
    clearTimeout(timer)
  }
}

async function send(form) {
  const body = new URLSearchParams(new FormData(form))
  for (let wait = 1000; ; wait = Math.min(wait * 2, 5000)) {
    try {
      const answer = await within(form.action, { method: 'POST', body })
      if (answer.status < 500) return answer
    } catch {
      // Not reached: the same press again.
    }
    tell(words.retrying)
    await pause(wait)
  }
}

for (const form of document.querySelectorAll('form')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const button = form.querySelector('button')
    if (button.getAttribute('aria-busy') === 'true') return
    button.setAttribute('aria-busy', 'true')
    tell(words.sending)
    const answer = await send(form)
    button.removeAttribute('aria-busy')
    // Led to the page: the press is stored. Anything else the server says itself; to send it again changes nothing.
    if (answer.ok && answer.redirected) location.replace(answer.url)
    else form.submit()
  })
}

async function look() {
  try {
    const answer = await within(words.state + location.search.replace(/^\?/, '&'))
    if (!answer.ok) return
    const now = await answer.json()
    if (state.textContent !== now.text) state.textContent = now.text
    state.parentElement.className = `status ${now.phase}`
    if (now.said) tell(now.said)
  } catch {
    // The next look will tell.
  }
}

if (state) setInterval(() => { if (!document.hidden) look() }, LOOK_EVERY)
