import { describe, expect, it } from "vitest";

import { gradeOf, meanOpinion, qualityBetween, QualityMeter, sampleOf, type Sample } from "../src/phone/quality";

const sample = (change: Partial<Sample> = {}): Sample => ({ received: 100, lost: 0, jitter_ms: 2, lossOut: 0, roundTrip_ms: 20, ...change });

describe("the estimate of speech quality", () => {
  it("is that of G.711 on a good line, and falls with loss and delay", () => {
    expect(meanOpinion(0, 0, 0)).toBeCloseTo(4.39, 1);
    expect(meanOpinion(0.02, 5, 40)).toBeLessThan(meanOpinion(0, 5, 40));
    expect(meanOpinion(0, 5, 600)).toBeLessThan(meanOpinion(0, 5, 100));
    expect(meanOpinion(1, 100, 2000)).toBe(1);
  });

  it("is good, fair or poor", () => {
    expect([gradeOf(meanOpinion(0, 5, 50)), gradeOf(meanOpinion(0.04, 20, 200)), gradeOf(meanOpinion(0.15, 50, 400))]).toEqual(["good", "fair", "poor"]);
  });

  it("counts what was lost between two looks, in the worse direction", () => {
    const quality = qualityBetween(sample({ lost: 10 }), sample({ received: 190, lost: 20, lossOut: 0.2 }));
    expect(quality).toMatchObject({ lossIn: 0.1, lossOut: 0.2, grade: "poor" });
  });

  it("is poor where nothing comes", () => {
    expect(qualityBetween(sample(), sample())).toMatchObject({ lossIn: 1, grade: "poor" });
  });

  it("forgets what is long past", () => {
    const meter = new QualityMeter();
    expect(meter.take(sample({ received: 0 }))).toBeNull();
    expect(meter.take(sample({ received: 50, lost: 50 }))?.grade).toBe("poor");
    for (let look = 1; look <= QualityMeter.OVER; look += 1) meter.take(sample({ received: 50 + 100 * look, lost: 50 }));
    expect(meter.take(sample({ received: 650, lost: 50 }))?.grade).toBe("good");
    expect(meter.take(null)).toBeNull();
  });
});

describe("a statistics report", () => {
  it("is read as far as it goes", () => {
    const report = new Map<string, Record<string, unknown>>([
      ["a", { type: "inbound-rtp", kind: "audio", packetsReceived: 500, packetsLost: 5, jitter: 0.004 }],
      ["b", { type: "remote-inbound-rtp", kind: "audio", fractionLost: 0.01, roundTripTime: 0.08 }],
      ["c", { type: "candidate-pair", nominated: true, state: "succeeded", currentRoundTripTime: 0.05 }],
    ]);
    expect(sampleOf(report)).toEqual({ received: 500, lost: 5, jitter_ms: 4, lossOut: 0.01, roundTrip_ms: 50 });
    expect(sampleOf(new Map())).toBeNull();
  });
});
