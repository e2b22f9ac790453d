import { onMounted, onUnmounted, ref } from 'vue'

/**
 * One map of keys for all screens. Physical keys (`event.code`) and never letters of the layout, and
 * nothing while an input method composes: with a Chinese input method every key says "Process".
 */
type Handler = () => void
/** A key that is not open to this person does nothing, and the browser keeps it. */
type Allowed = () => boolean
interface Binding { handler: Handler; allowed?: Allowed }

const bound = new Map<string, Binding[]>()
let waitsForPlace = 0

export const lettersOn = ref(localStorage.getItem('console.letters') !== 'off')
export function setLetters(on: boolean): void {
  lettersOn.value = on
  localStorage.setItem('console.letters', on ? 'on' : 'off')
}

/** `combo`: F2, Shift+F9, Ctrl+Enter, Slash, KeyN, or "g KeyW" for the two strokes of going somewhere. */
export function bind(combo: string, handler: Handler, allowed?: Allowed): () => void {
  const bindings = bound.get(combo) ?? []
  const binding = { handler, allowed }
  bindings.push(binding)
  bound.set(combo, bindings)
  return () => {
    const place = bindings.indexOf(binding)
    if (place >= 0) bindings.splice(place, 1)
  }
}

export function onKeys(map: Record<string, Handler>, allowed?: Allowed): void {
  const undo: (() => void)[] = []
  onMounted(() => Object.entries(map).forEach(([combo, handler]) => undo.push(bind(combo, handler, allowed))))
  onUnmounted(() => undo.forEach((release) => release()))
}

function comboOf(event: KeyboardEvent): string {
  const held = [event.ctrlKey || event.metaKey ? 'Ctrl' : '', event.altKey ? 'Alt' : '', event.shiftKey ? 'Shift' : '']
  return [...held.filter(Boolean), event.code.replace('NumpadEnter', 'Enter')].join('+')
}

export function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null
  if (!element?.tagName) return false
  if (element.isContentEditable || element.tagName === 'TEXTAREA' || element.tagName === 'SELECT') return true
  return element.tagName === 'INPUT' && !['checkbox', 'radio', 'button', 'submit'].includes((element as HTMLInputElement).type)
}

/** Enter on something that is pressed by it belongs to that, and not to the list beside it. */
export function isPressed(target: EventTarget | null): boolean {
  return !!(target as HTMLElement | null)?.closest?.('button,a[href],summary')
}

function inLayer(target: EventTarget | null): boolean {
  return !!(target as HTMLElement | null)?.closest?.('[role="dialog"],[role="menu"]')
}

const worksEverywhere = /^(F\d+|Shift\+F\d+|Ctrl\+Key[A-Z]|Ctrl\+Enter|Escape)$/

window.addEventListener('keydown', (event) => {
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return
  const combo = comboOf(event)
  const everywhere = worksEverywhere.test(combo)
  if (inLayer(event.target) && combo !== 'F8' && combo !== 'F2') return
  if (!everywhere && (isTyping(event.target) || !lettersOn.value)) return
  if (combo === 'Enter' && isPressed(event.target)) return
  if (run(combo)) event.preventDefault()
})

function run(combo: string): boolean {
  if (combo === 'KeyG') {
    waitsForPlace = Date.now()
    return true
  }
  const going = Date.now() - waitsForPlace < 1500
  waitsForPlace = 0
  const binding = (going ? last(`g ${combo}`) : undefined) ?? last(combo)
  if (!binding || binding.allowed?.() === false) return false
  binding.handler()
  return true
}

function last(combo: string): Binding | undefined {
  const bindings = bound.get(combo)
  return bindings?.[bindings.length - 1]
}
