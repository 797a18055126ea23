import type { AgentState } from "../live/shapes";
import { get } from "./http";
import type { TargetKind } from "./me";

/** Whom a call can be sent to. */
export interface Targets {
  agents: { id: string; name: string; extension: string; state: AgentState }[];
  groups: { id: string; name: string; waiting?: number; ready?: number }[];
  flows: { id: string; name: string }[];
  numbers: { id: string; name: string }[];
  /** Whether one may send calls to numbers elsewhere. */
  outside: boolean;
}

export const readTargets = (signal?: AbortSignal): Promise<Targets> => get("/api/targets", {}, signal);

export interface Target {
  kind: TargetKind;
  id: string;
  name: string;
  detail: string;
  /** Whether the target can take a call now; null where that cannot be known. */
  free: boolean | null;
}
