/** How long nobody has touched this console: it also asks the server by itself, and that must not keep a session alive. */
let touchedAt = performance.now()
const touch = (): void => { touchedAt = performance.now() }
for (const kind of ['pointerdown', 'pointermove', 'keydown', 'wheel']) {
  window.addEventListener(kind, touch, { passive: true, capture: true })
}

export function idleSeconds(): number {
  return Math.floor((performance.now() - touchedAt) / 1000)
}
