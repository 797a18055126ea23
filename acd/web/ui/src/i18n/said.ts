import type { I18n, Key } from "./i18n";

/** Names by id; who or what is not known goes by the id. */
export interface Named {
  agent: (id: string) => string;
  group: (id: string) => string;
}

/** What the server's lines are put into words with. `reason`: for being not ready, by its id or English name, in the reader's language. */
export interface Told extends Named, Pick<I18n, "t" | "known"> {
  reason: (name: string) => string;
}

/**
 * The forms of English lines that the server makes, by what they are of, and the message for each. What stands in a form's places is put into
 * words by the place's name: as a line of that kind (`first`, `more`: of the same as the whole), as an id, or as a code.
 */
export type Forms = Readonly<Record<string, readonly (readonly [RegExp, Key])[]>>;

const SAME: ReadonlySet<string> = new Set(["first", "more"]);

/** The line in the reader's language; what has no form that is known, as from another version, as it is. */
export function said(line: string, kind: string, forms: Forms, told: Told): string {
  for (const [form, key] of forms[kind] ?? []) {
    const found = form.exec(line);
    if (!found) continue;
    const places = Object.entries(found.groups ?? {});
    return told.t(key, Object.fromEntries(places.map(([place, text]) => [place, said(text, SAME.has(place) ? kind : place, forms, told)])));
  }
  return valueText(line, kind, told);
}

function valueText(value: string, kind: string, { agent, group, reason, known }: Told): string {
  const code = value.replaceAll(" ", "_");
  switch (kind) {
    case "agent":
      return agent(value);
    case "group":
      return group(value);
    case "reason":
      return reason(value);
    case "rule":
      return known(`reason.rule.${code}`) ?? value;
    case "state":
      return known(`reason.state.${code}`) ?? value;
    default:
      return value;
  }
}
