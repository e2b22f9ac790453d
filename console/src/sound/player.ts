import { ref } from 'vue'
import { PATTERNS, type SoundName } from './patterns'

declare global {
  interface Window { __sound: { name: string; time: number; audible: boolean }[] }
}

interface Booked { name: SoundName; time: number; output: GainNode | null; nodes: OscillatorNode[] }

/** How far ahead repeats are laid on the audio clock: longer than a hidden tab's slowest timer. */
const AHEAD_S = 75

let context: AudioContext | null = null
let master: GainNode | null = null
let harmonics: PeriodicWave | null = null
const booked: Booked[] = []

export const audible = ref(false)
window.__sound = []

function ready(): AudioContext | null {
  if (context) return context
  const Context = window.AudioContext
  if (!Context) return null
  context = new Context()
  master = context.createGain()
  master.gain.value = volume
  master.connect(context.destination)
  const strengths = new Float32Array([0, 1, 0.7, 0.5, 0.35, 0.2, 0.1])
  harmonics = context.createPeriodicWave(new Float32Array(strengths.length), strengths)
  context.onstatechange = () => { audible.value = context?.state === 'running' }
  return context
}

let volume = 1
export function setVolume(value: number): void {
  volume = value
  if (master && context) master.gain.setTargetAtTime(value, context.currentTime, 0.05)
}

/** Must be called from a click or a key: browsers keep sound locked until then. */
export async function unlock(): Promise<boolean> {
  const audio = ready()
  if (!audio) return false
  if (audio.state !== 'running') await audio.resume().catch(() => {})
  audible.value = audio.state === 'running'
  return audible.value
}

/** Lays one sound on the audio clock, `delay` seconds from now. The answer takes it back. */
export function play(name: SoundName, delay = 0, gain = 1): () => void {
  const audio = ready()
  const entry: Booked = { name, time: Date.now() + delay * 1000, output: null, nodes: [] }
  if (audio && master && harmonics && audio.state === 'running') {
    const output = audio.createGain()
    output.gain.value = PATTERNS[name].loudness * gain
    output.connect(master)
    entry.output = output
    const start = audio.currentTime + delay + 0.02
    for (const pulse of PATTERNS[name].pulses) entry.nodes.push(voice(audio, output, start, pulse, !!PATTERNS[name].soft))
  }
  booked.push(entry)
  if (delay === 0) flush()
  return () => cancel(entry)
}

function voice(
  audio: AudioContext,
  output: GainNode,
  start: number,
  { at, length, pitch, to }: { at: number; length: number; pitch: number; to?: number },
  soft: boolean,
): OscillatorNode {
  const tone = audio.createOscillator()
  const shape = audio.createGain()
  if (harmonics) tone.setPeriodicWave(harmonics)
  tone.frequency.setValueAtTime(pitch, start + at)
  if (to) tone.frequency.linearRampToValueAtTime(to, start + at + length)
  const rise = soft ? 0.03 : 0.015
  shape.gain.setValueAtTime(0, start + at)
  shape.gain.linearRampToValueAtTime(1, start + at + rise)
  if (soft) shape.gain.exponentialRampToValueAtTime(0.001, start + at + length)
  else {
    shape.gain.setValueAtTime(1, start + at + length - 0.03)
    shape.gain.linearRampToValueAtTime(0, start + at + length)
  }
  tone.connect(shape).connect(output)
  tone.start(start + at)
  tone.stop(start + at + length + 0.05)
  return tone
}

function cancel(entry: Booked): void {
  const place = booked.indexOf(entry)
  if (place < 0) return
  booked.splice(place, 1)
  silenceNodes(entry)
}

function silenceNodes(entry: Booked): void {
  for (const node of entry.nodes) {
    try { node.stop() } catch { /* it had not begun, or is over: silent either way */ }
  }
  entry.output?.disconnect()
}

/** Moves what has sounded by now into the log that tests and the health page read. */
export function flush(): void {
  const at = Date.now() + 5
  for (let i = booked.length - 1; i >= 0; i -= 1) {
    const entry = booked[i]
    if (entry && entry.time <= at) {
      booked.splice(i, 1)
      window.__sound.push({ name: entry.name, time: entry.time, audible: entry.nodes.length > 0 })
    }
  }
  if (window.__sound.length > 500) window.__sound.splice(0, window.__sound.length - 500)
}
setInterval(flush, 200)

/** A sound that repeats until it is stopped; the repeats are laid ahead so that a sleeping tab still rings. */
export class Repeating {
  private next = 0
  private ends: { time: number; stop: () => void }[] = []
  private running = false

  constructor(private readonly name: SoundName, private readonly every: number) {}

  start(gain: number): void {
    if (!this.running) this.next = performance.now()
    this.running = true
    this.topUp(gain)
  }

  topUp(gain: number): void {
    if (!this.running) return
    const at = performance.now()
    this.ends = this.ends.filter(({ time }) => time > at)
    if (this.next < at) this.next = at
    while (this.next < at + AHEAD_S * 1000) {
      this.ends.push({ time: this.next, stop: play(this.name, (this.next - at) / 1000, gain) })
      this.next += this.every * 1000
    }
  }

  /** Louder or softer from the next repeat on. */
  regain(gain: number): void {
    if (!this.running) return
    const at = performance.now()
    const upcoming = this.ends.filter(({ time }) => time > at)
    upcoming.forEach(({ stop }) => stop())
    this.next = upcoming[0]?.time ?? at
    this.ends = []
    this.topUp(gain)
  }

  stop(): void {
    if (!this.running) return
    this.running = false
    this.ends.forEach(({ stop }) => stop())
    this.ends = []
  }
}
