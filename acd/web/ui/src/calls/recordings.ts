import { at, get } from "../api/http";

/** A recording of a call; `pauses` are [from, to) in seconds, moments ISO text. */
export interface Recording {
  /** Below /api/recordings/. */
  path: string;
  kind: "talk" | "voicemail" | "record";
  started_at: string;
  duration_s: number;
  channels: number;
  consent: "given" | "declined" | null;
  missing: boolean;
  pauses: [number, number][];
  deleted_at: string | null;
  deleted_why: string | null;
}

/** The loudest sample of each `bucket_s`, from 0 to 100, of each channel. */
export interface Peaks {
  bucket_s: number;
  duration_s: number;
  channels: number[][];
}

export const readRecordings = (call: string, signal?: AbortSignal): Promise<Recording[]> => get(at`/api/calls/${call}/recordings`, {}, signal);
export const readPeaks = (path: string, signal?: AbortSignal): Promise<Peaks> => get(`${soundAt(path)}/peaks`, {}, signal);
export const soundAt = (path: string): string => `/api/recordings/${path}`;

export interface WaveColors {
  wave: string;
  heard: string;
  pause: string;
  line: string;
}

/** Of 100. What is louder than this at its loudest fills the height; of silence its noise does not. */
const QUIET = 15;

/** Draws the wave: the first channel upwards, the second downwards (one alone both ways); what was heard in another colour, pauses shaded. */
export function drawWave(canvas: HTMLCanvasElement, peaks: Peaks | undefined, recording: Recording, at_s: number, colors: WaveColors): void {
  const context = canvas.getContext("2d")!;
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * scale;
  canvas.height = height * scale;
  context.scale(scale, scale);
  const length_s = Math.max(recording.duration_s, 0.001);
  const x = (seconds: number): number => (seconds / length_s) * width;
  context.fillStyle = colors.pause;
  for (const [from, to] of recording.pauses) context.fillRect(x(from), 0, Math.max(1, x(to) - x(from)), height);
  const middle = height / 2;
  const [above, below] = [peaks?.channels[0] ?? [], peaks?.channels[1] ?? peaks?.channels[0] ?? []];
  const full = [...above, ...below].reduce((most, level) => Math.max(most, level), QUIET);
  for (let column = 0; column < width; column += 1) {
    context.fillStyle = column < x(at_s) ? colors.heard : colors.wave;
    const up = (loudest(above, column, width, peaks, length_s) / full) * (middle - 1);
    const down = (loudest(below, column, width, peaks, length_s) / full) * (middle - 1);
    context.fillRect(column, middle - Math.max(up, 0.5), 1, Math.max(up, 0.5) + Math.max(down, 0.5));
  }
  context.fillStyle = colors.line;
  context.fillRect(Math.min(width - 1, x(at_s)), 0, 1, height);
}

/** Of the buckets that lie in one column of the picture. */
function loudest(levels: readonly number[], column: number, width: number, peaks: Peaks | undefined, length_s: number): number {
  if (!peaks) return 0;
  const first = Math.floor(((column / width) * length_s) / peaks.bucket_s);
  const last = Math.max(first + 1, Math.floor((((column + 1) / width) * length_s) / peaks.bucket_s));
  let found = 0;
  for (let index = first; index < last && index < levels.length; index += 1) found = Math.max(found, levels[index]!);
  return found;
}

const SMALL_STEP_S = 5;
const LARGE_STEP_S = 30;

/** Where a key leads in a recording; null: it is none of those that seek. */
export function soughtBy(key: string, at_s: number, length_s: number): number | null {
  const steps: Record<string, number> = { ArrowLeft: -SMALL_STEP_S, ArrowRight: SMALL_STEP_S, PageDown: -LARGE_STEP_S, PageUp: LARGE_STEP_S, Home: -Infinity, End: Infinity };
  const step = steps[key];
  return step === undefined ? null : Math.min(length_s, Math.max(0, at_s + step));
}
