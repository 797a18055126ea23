let context: AudioContext | null = null;

/** Browsers let a page be heard only after somebody has clicked in it: to be called in a click. */
export function allowSound(): void {
  context ??= new AudioContext();
  void context.resume();
}

/** Whether the browser would let us be heard. */
export const maySound = (): boolean => context?.state === "running";

/** Two short notes. */
export function chime(): void {
  if (!context || context.state !== "running") return;
  for (const [delay_s, pitch_hz] of [[0, 880], [0.18, 660]] as const) {
    const at_s = context.currentTime + delay_s;
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = pitch_hz;
    volume.gain.setValueAtTime(0, at_s);
    volume.gain.linearRampToValueAtTime(0.2, at_s + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, at_s + 0.3);
    tone.connect(volume).connect(context.destination);
    tone.start(at_s);
    tone.stop(at_s + 0.32);
  }
}
