import { ViewModel } from '@qiao/ui-kit';
import type { FileToSend } from '../../../matrix/sender-files.ts';
import { oggOfWebm } from './ogg.ts';

/** Bars of a voice message's picture, and the value of the loudest (MSC3246). */
const BARS = 100;
const LOUDEST = 1024;
/** How often the loudness is measured, in milliseconds. */
const MEASURE_MS = 100;
/** Longest recording, in milliseconds: then it stops and can be sent. */
const LONGEST_MS = 15 * 60_000;
/** Bits per second: speech. */
const BITRATE = 24_000;
/** Best first: what every client plays, what can be made into it, what Safari has. */
const TYPES = ['audio/ogg;codecs=opus', 'audio/webm;codecs=opus', 'audio/mp4'];

export interface RecorderSnapshot {
  readonly state: 'starting' | 'recording' | 'stopped' | 'denied' | 'failed';
  /** Milliseconds. */
  readonly length: number;
  /** Loudness so far, 0 to 1. */
  readonly levels: readonly number[];
}

/** The levels as so many bars of 0 to 1024, the loudest in each stretch. */
export function waveformOf(levels: readonly number[], bars = BARS): number[] {
  if (levels.length === 0) return [];
  const loudest = Math.max(...levels, 0.01);
  return Array.from(
    { length: Math.min(bars, levels.length) },
    (_unused, bar, count = Math.min(bars, levels.length)) => {
      const from = Math.floor((bar * levels.length) / count);
      const to = Math.max(from + 1, Math.floor(((bar + 1) * levels.length) / count));
      return Math.round((Math.max(...levels.slice(from, to)) / loudest) * LOUDEST);
    },
  );
}

/** Records the microphone. */
export class RecorderModel extends ViewModel<RecorderSnapshot> {
  #recorder: MediaRecorder | undefined;
  #stream: MediaStream | undefined;
  #context: AudioContext | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #parts: Blob[] = [];
  #startedAt = 0;

  constructor() {
    super({ state: 'starting', length: 0, levels: [] });
  }

  protected override onMount(): void {
    const begun = new AbortController();
    void this.#start(begun.signal);
    this.own(() => {
      begun.abort();
      this.#end();
    });
  }

  /** Ends the recording and makes the message of it. @param name its name where files have one */
  async finish(name: string): Promise<FileToSend> {
    const recorder = this.#recorder;
    if (!recorder) throw new Error('nothing recorded');
    const length = this.#startedAt === 0 ? 0 : this.snapshot.length;
    if (recorder.state !== 'inactive') {
      const stopped = new Promise((resolve) => {
        recorder.addEventListener('stop', resolve, { once: true });
      });
      recorder.stop();
      await stopped;
    }
    this.#end();
    const recorded = new Blob(this.#parts, { type: recorder.mimeType });
    const type = recorder.mimeType.split(';')[0] ?? '';
    const file =
      type === 'audio/webm'
        ? new Blob(oggOfWebm(new Uint8Array(await recorded.arrayBuffer())), { type: 'audio/ogg' })
        : new Blob([recorded], { type });
    const duration = Math.max(1, Math.round(length));
    const waveform = waveformOf(this.snapshot.levels);
    const info = { mimetype: file.type, size: file.size, duration };
    const fileName = `${name}.${file.type === 'audio/mp4' ? 'm4a' : 'ogg'}`;
    return {
      name: fileName,
      file,
      content: {
        msgtype: 'm.audio',
        body: name,
        filename: fileName,
        info,
        'm.mentions': {},
        // MSC3245 and MSC3927, as clients send and play them.
        'org.matrix.msc1767.text': name,
        'org.matrix.msc1767.audio': { duration, waveform },
        'org.matrix.msc3245.voice': {},
      },
    };
  }

  async #start(signal: AbortSignal): Promise<void> {
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, noiseSuppression: true, echoCancellation: true },
      });
    } catch (error) {
      const denied = error instanceof DOMException && error.name === 'NotAllowedError';
      if (!signal.aborted) this.set({ state: denied ? 'denied' : 'failed' });
      return;
    }
    this.#stream = stream;
    if (signal.aborted) {
      this.#end();
      return;
    }
    try {
      const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
      const recorder = new MediaRecorder(stream, {
        audioBitsPerSecond: BITRATE,
        ...(mimeType === undefined ? {} : { mimeType }),
      });
      this.#recorder = recorder;
      this.#parts.length = 0;
      recorder.addEventListener('dataavailable', (event) => {
        this.#parts.push(event.data);
      });
      this.#measure(stream);
      recorder.start(1000);
      this.#startedAt = performance.now();
      this.set({ state: 'recording', length: 0, levels: [] });
    } catch {
      this.#end();
      this.set({ state: 'failed' });
    }
  }

  #measure(stream: MediaStream): void {
    const context = new AudioContext();
    this.#context = context;
    const analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      const level = Math.min(1, Math.sqrt(sum / samples.length) * 4);
      const length = performance.now() - this.#startedAt;
      this.set({ length, levels: [...this.snapshot.levels, level] });
      if (length < LONGEST_MS) return;
      this.#recorder?.stop();
      this.#end();
      this.set({ state: 'stopped' });
    }, MEASURE_MS);
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    void this.#context?.close().catch(() => undefined);
    this.#context = undefined;
  }
}
