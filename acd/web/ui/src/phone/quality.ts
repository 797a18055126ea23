import type { Grade, Quality } from "./shapes";

/** What getStats tells of sound at one moment; counts grow over the whole call. */
export interface Sample {
  received: number;
  lost: number;
  jitter_ms: number;
  /** Of what we send, as the other side reports it, 0 to 1. */
  lossOut: number;
  roundTrip_ms: number | null;
}

/** G.711 with concealment of losses (ITU-T G.113): how robust it is against random loss. Opus is not worse. */
const ROBUSTNESS = 25.1;
/** Coding, packing and the player's buffer, beside twice the jitter. */
const FIXED_DELAY_MS = 40;
const GOOD_MOS = 4.0;
const FAIR_MOS = 3.5;

/** The newest figures of a statistics report; null while no sound has come. */
export function sampleOf(report: Iterable<readonly [string, Record<string, unknown>]>): Sample | null {
  const sample: Sample = { received: 0, lost: 0, jitter_ms: 0, lossOut: 0, roundTrip_ms: null };
  let found = false;
  for (const [, entry] of report) {
    if (entry["type"] === "inbound-rtp" && entry["kind"] === "audio") {
      found = true;
      sample.received = number(entry["packetsReceived"]) ?? 0;
      sample.lost = Math.max(0, number(entry["packetsLost"]) ?? 0);
      sample.jitter_ms = (number(entry["jitter"]) ?? 0) * 1000;
    } else if (entry["type"] === "remote-inbound-rtp" && entry["kind"] === "audio") {
      sample.lossOut = Math.min(1, Math.max(0, number(entry["fractionLost"]) ?? 0));
      sample.roundTrip_ms ??= inMs(number(entry["roundTripTime"]));
    } else if (entry["type"] === "candidate-pair" && entry["nominated"] === true && entry["state"] === "succeeded") {
      sample.roundTrip_ms = inMs(number(entry["currentRoundTripTime"])) ?? sample.roundTrip_ms;
    }
  }
  return found ? sample : null;
}

/** How it was between two moments of a call. */
export function qualityBetween(before: Sample, now: Sample): Quality {
  const lost = Math.max(0, now.lost - before.lost);
  const all = lost + Math.max(0, now.received - before.received);
  // Nothing at all has come where something should have: as bad as it gets.
  const lossIn = all === 0 ? 1 : lost / all;
  const mos = meanOpinion(Math.max(lossIn, now.lossOut), now.jitter_ms, now.roundTrip_ms ?? 0);
  return { grade: gradeOf(mos), mos, lossIn, lossOut: now.lossOut, jitter_ms: now.jitter_ms, roundTrip_ms: now.roundTrip_ms };
}

/**
 * The E-model of ITU-T G.107 with its default values, reduced to delay and loss: R = 93.2 − Id − Ie,eff, and from R the
 * mean opinion score.
 */
export function meanOpinion(loss: number, jitter_ms: number, roundTrip_ms: number): number {
  const delay_ms = roundTrip_ms / 2 + 2 * jitter_ms + FIXED_DELAY_MS;
  const delayImpairment = 0.024 * delay_ms + (delay_ms > 177.3 ? 0.11 * (delay_ms - 177.3) : 0);
  const percent = loss * 100;
  const lossImpairment = (95 * percent) / (percent + ROBUSTNESS);
  const rating = Math.min(100, Math.max(0, 93.2 - delayImpairment - lossImpairment));
  const mos = 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6;
  return Math.max(1, mos);
}

export const gradeOf = (mos: number): Grade => (mos >= GOOD_MOS ? "good" : mos >= FAIR_MOS ? "fair" : "poor");

/** Looks at a call every `EVERY_MS` and speaks of the last `OVER` looks. */
export class QualityMeter {
  static readonly EVERY_MS = 2_000;
  static readonly OVER = 5;
  readonly #samples: Sample[] = [];

  /** The quality with this look; null while there is nothing to compare with. */
  take(sample: Sample | null): Quality | null {
    if (sample === null) return null;
    this.#samples.push(sample);
    if (this.#samples.length > QualityMeter.OVER + 1) this.#samples.shift();
    return this.#samples.length < 2 ? null : qualityBetween(this.#samples[0]!, sample);
  }
}

const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const inMs = (value_s: number | null): number | null => (value_s === null ? null : value_s * 1000);
