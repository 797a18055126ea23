import { remember, remembered } from "../shell/taste";
import type { MicTrouble } from "./shapes";

export type DeviceUse = "microphone" | "speaker" | "ringer";

export interface Choice {
  id: string;
  label: string;
}

export type Choices = Readonly<Record<DeviceUse, readonly Choice[]>>;

export const NO_CHOICES: Choices = { microphone: [], speaker: [], ringer: [] };

const STANDARD = "default";

/** The device chosen for a use; the system's own where none was. */
export const chosenDevice = (use: DeviceUse): string => remembered(`phone-${use}`) ?? STANDARD;
export const chooseDevice = (use: DeviceUse, id: string): void => remember(`phone-${use}`, id);

/** 0 to 1. */
export function chosenVolume(use: "speaker" | "ringer"): number {
  const volume = Number(remembered(`phone-${use}-volume`) ?? "1");
  return volume >= 0 && volume <= 1 ? volume : 1;
}
export const chooseVolume = (use: "speaker" | "ringer", volume: number): void => remember(`phone-${use}-volume`, String(volume));

/** Whether loudspeakers can be chosen in this browser. */
export const speakersCanBeChosen = (): boolean => typeof HTMLMediaElement !== "undefined" && "setSinkId" in HTMLMediaElement.prototype;

export function choicesOf(devices: readonly Pick<MediaDeviceInfo, "kind" | "deviceId" | "label">[]): Choices {
  const of = (kind: MediaDeviceKind): Choice[] =>
    devices.filter((device) => device.kind === kind && device.deviceId !== "").map((device) => ({ id: device.deviceId, label: device.label }));
  const outputs = of("audiooutput");
  return { microphone: of("audioinput"), speaker: outputs, ringer: outputs };
}

/** Names of devices are told only after the microphone has been allowed. */
export const listDevices = async (): Promise<Choices> => (navigator.mediaDevices ? choicesOf(await navigator.mediaDevices.enumerateDevices()) : NO_CHOICES);

export class NoMicrophone extends Error {
  readonly trouble: MicTrouble;

  constructor(trouble: MicTrouble) {
    super(trouble);
    this.trouble = trouble;
  }
}

/** The chosen microphone; where that is unplugged, the system's own. Throws NoMicrophone. */
export async function openMicrophone(): Promise<MediaStream> {
  if (!window.isSecureContext || !navigator.mediaDevices) throw new NoMicrophone("insecure");
  const id = chosenDevice("microphone");
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: id === STANDARD ? audio : { ...audio, deviceId: { ideal: id } } });
  } catch (fault) {
    throw new NoMicrophone(troubleOf(fault));
  }
}

/** What the browser's refusal means. */
export function troubleOf(fault: unknown): MicTrouble {
  switch (fault instanceof Error ? fault.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "failed";
  }
}

/** Lets `element` sound at the device chosen for `use`, or at the system's own where that is gone. */
export async function sendTo(element: HTMLAudioElement, use: DeviceUse): Promise<void> {
  if (!("setSinkId" in element)) return;
  const id = chosenDevice(use);
  try {
    await element.setSinkId(id === STANDARD ? "" : id);
  } catch {
    await element.setSinkId("").catch(() => {});
  }
}
