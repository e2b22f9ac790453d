'use strict'
// The page works without this. With it a press that does not get through is tried again, with the same press token, for
// as long as the page is open; the words of the state stay fresh; and where the centre cannot be reached the page says
// the telephone number, instead of an error of the browser.

const words = document.body.dataset
const state = document.getElementById('state')
const said = document.getElementById('said')
const PATIENCE = 8000
const LOOK_EVERY = 5000
const UNREACHED_AFTER = 2
let unreached = 0

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

async function press(form) {
  const button = form.querySelector('button')
  if (button.getAttribute('aria-busy') === 'true') return
  button.setAttribute('aria-busy', 'true')
  tell(words.sending)
  const answer = await send(form)
  button.removeAttribute('aria-busy')
  // Kept on a disk while the database is away. Led to the page: stored. Anything else the server says itself; to send it
  // again changes nothing.
  if (answer.status === 202) tell(words.kept)
  else if (answer.ok && answer.redirected) location.replace(answer.url)
  else form.submit()
}

// The way to another page of ours: only when there is one.
async function follow(href) {
  try {
    await within(href)
    location.assign(href)
  } catch {
    tell(words.unreached)
  }
}

async function look() {
  try {
    const answer = await within(words.state + location.search.replace(/^\?/, '&'))
    if (!answer.ok) return
    const now = await answer.json()
    if (state.textContent !== now.text) state.textContent = now.text
    state.parentElement.className = `status ${now.phase}`
    if (now.said) tell(now.said)
    else if (unreached >= UNREACHED_AFTER) tell('')
    unreached = 0
  } catch {
    unreached += 1
    if (unreached === UNREACHED_AFTER) tell(words.unreached)
  }
}

// A telephone that lacks these is served by the plain forms and links.
if (window.AbortController && window.fetch) {
  for (const form of document.querySelectorAll('form')) {
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      press(form)
    })
  }
  for (const link of document.querySelectorAll('a[href^="/"]')) {
    link.addEventListener('click', (event) => {
      event.preventDefault()
      follow(link.href)
    })
  }
  if (state) setInterval(() => { if (!document.hidden) look() }, LOOK_EVERY)
}
