/**
 * What each event sounds like, modelled on the medical alarm standard: the shape of the burst says
 * how urgent it is. Everything is synthesised; there is no sound file to lose or to license.
 */
export type SoundName = 'p1' | 'p2' | 'p3' | 'fall' | 'refused' | 'lost' | 'test'

interface Pulse { at: number; length: number; pitch: number; to?: number }
interface Pattern { pulses: Pulse[]; loudness: number; soft?: boolean }

const C5 = 523.25
const G4 = 392

function burst(starts: number[], length: number, pitch: number): Pulse[] {
  return starts.map((at) => ({ at, length, pitch }))
}

const fiveFast = [0, 0.2, 0.4, 0.75, 0.95]

export const PATTERNS: Record<SoundName, Pattern> = {
  p1: { loudness: 0.5, pulses: [...burst(fiveFast, 0.13, C5), ...burst(fiveFast.map((at) => at + 1.6), 0.13, C5)] },
  p2: { loudness: 0.4, pulses: burst([0, 0.4, 0.8], 0.2, G4) },
  p3: { loudness: 0.25, soft: true, pulses: burst([0], 0.9, G4) },
  fall: { loudness: 0.35, pulses: [{ at: 0, length: 0.3, pitch: 440, to: 330 }, { at: 0.4, length: 0.4, pitch: 330, to: 247 }] },
  refused: { loudness: 0.3, soft: true, pulses: [...burst([0], 0.22, C5), ...burst([0.26], 0.34, G4)] },
  lost: { loudness: 0.4, pulses: burst([0, 0.7, 1.4], 0.45, 165) },
  test: { loudness: 0.4, pulses: [{ at: 0, length: 0.16, pitch: G4 }, { at: 0.22, length: 0.16, pitch: C5 }, { at: 0.44, length: 0.3, pitch: 659.25 }] },
}
