/** Loudness of samples between -1 and 1, as a share of what a meter can show: 0 at -60 dB and below, 1 at full scale. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const mean = Math.sqrt(sum / Math.max(1, samples.length));
  return mean <= 0 ? 0 : Math.min(1, Math.max(0, 1 + (20 * Math.log10(mean)) / 60));
}

/** Speech into a microphone that works is above this; the noise of a quiet room is below. */
export const HEARD = 0.35;

/** Tells the loudness of `stream` with each frame that is drawn, until the answered function is called. */
export function watchLevel(stream: MediaStream, tell: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  const source = context.createMediaStreamSource(stream);
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let frame = 0;
  const look = () => {
    analyser.getFloatTimeDomainData(samples);
    tell(levelOf(samples));
    frame = requestAnimationFrame(look);
  };
  frame = requestAnimationFrame(look);
  return () => {
    cancelAnimationFrame(frame);
    source.disconnect();
    void context.close();
  };
}
