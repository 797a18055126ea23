import type { Step } from "../../api/me";
import type { Named } from "../../i18n/said";

/** A station of the caller's way, in the words of whoever wrote the flow; a line by the name of its group. */
export function stationText({ flow, step, arrow, detail }: Step, { group }: Pick<Named, "group">): string {
  const isLine = arrow === "queue" && flow === "" && step === "";
  return [step || flow, isLine ? group(detail) : detail].filter(Boolean).join(": ");
}
