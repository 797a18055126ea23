import type { FormInstance } from "antd";

import { ApiError } from "../api/http";
import type { Details } from "../api/customers";

const PLACES = ["name", "company", "segment", "value", "language", "preferred_agent", "numbers", "emails", "tags"] as const;

/** Shows what the server says is wrong beside the fields it speaks of; answers what it says of none. */
export function showFaults(form: FormInstance<Details>, fault: unknown): string {
  if (!(fault instanceof ApiError)) return "";
  const rest: string[] = [];
  for (const [where, text] of Object.entries(fault.fields)) {
    const place = where.replace(/^body\./, "");
    const name = PLACES.find((one) => one === place.split(".")[0]);
    const custom = /^fields\.(.+)$/.exec(place);
    if (name) form.setFields([{ name, errors: [text] }]);
    else if (custom) form.setFields([{ name: ["fields", custom[1]!], errors: [text] }]);
    else rest.push(`${place}: ${text}`);
  }
  return rest.join("; ");
}
