/** Sounds are no closer than this, milliseconds. */
const REST_MS = 2_500;
/** Two short notes: frequency in hertz, and when they begin, seconds. */
const NOTES = [
  [880, 0],
  [1174.66, 0.11],
] as const;
const LENGTH_S = 0.22;
const LOUDNESS = 0.12;

let context: AudioContext | undefined;
let last = Number.NEGATIVE_INFINITY;

/**
 * A short sound, made by the browser: nothing is loaded for it.
 * @returns whether it can be heard: a page that nobody has touched yet is not allowed to make any
 */
export function playSound(now = performance.now()): boolean {
  if (now - last < REST_MS) return true;
  try {
    context ??= new AudioContext();
    if (context.state === 'suspended') void context.resume();
    if (context.state !== 'running') return false;
    last = now;
    for (const [frequency, start] of NOTES) {
      const at = context.currentTime + start;
      const note = new OscillatorNode(context, { frequency, type: 'sine' });
      const volume = new GainNode(context, { gain: 0 });
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(LOUDNESS, at + 0.015);
      volume.gain.exponentialRampToValueAtTime(0.0005, at + LENGTH_S);
      note.connect(volume).connect(context.destination);
      note.start(at);
      note.stop(at + LENGTH_S);
    }
    return true;
  } catch {
    return false;
  }
}
