import { MASK, type Card, type Changes, type Details, type FieldValue } from "../api/customers";

/** What a card says, without what the server adds. */
export function detailsOf(card: Card): Details {
  const { name, company, segment, value, language, preferred_agent, numbers, emails, tags, fields } = card;
  return { name, company, segment, value, language, preferred_agent, numbers, emails, tags, fields };
}

export const EMPTY: Details = { name: "", company: "", segment: "", value: 0, language: "", preferred_agent: "", numbers: [], emails: [], tags: [], fields: {} };

/** One thing that two cards, or two versions of one, say differently. */
export interface Difference {
  /** `name`, or `fields.contract`. */
  place: string;
  one: string;
  other: string;
}

/** Every place of a card with its value as text. */
function* places(details: Details): Generator<[string, string]> {
  for (const [place, value] of Object.entries(details)) {
    if (place === "fields") for (const [name, text] of Object.entries(details.fields)) yield [`fields.${name}`, valueText(text)];
    else yield [place, Array.isArray(value) ? value.join(", ") : valueText(value as FieldValue)];
  }
}

export function differences(one: Details, other: Details): Difference[] {
  const [left, right] = [new Map(places(one)), new Map(places(other))];
  return [...new Set([...left.keys(), ...right.keys()])]
    .map((place) => ({ place, one: left.get(place) ?? "", other: right.get(place) ?? "" }))
    .filter((found) => found.one !== found.other);
}

/** Of `wanted` what is other than in `base`: only that is sent, so that somebody else's change elsewhere on the card stays. */
export function changesOf(base: Details, wanted: Details): Changes {
  const changed = new Set(differences(base, wanted).map(({ place }) => place.split(".")[0]));
  const found: Changes = Object.fromEntries(Object.entries(wanted).filter(([place]) => place !== "fields" && changed.has(place)));
  if (changed.has("fields")) {
    const fields: Record<string, FieldValue | null> = {};
    for (const name of new Set([...Object.keys(base.fields), ...Object.keys(wanted.fields)])) {
      const value = wanted.fields[name] ?? "";
      if (value !== (base.fields[name] ?? "")) fields[name] = value === "" ? null : value;
    }
    found.fields = fields;
  }
  return found;
}

/** `newer` with the values of hidden fields that `base` knows, where people have changed nothing in between; null where they have, or where that cannot be told. */
export function carriedOver(base: Card, newer: Card): Card | null {
  const found = differences(detailsOf(base), detailsOf(newer));
  if (found.some(({ one, other }) => one !== MASK && other !== MASK)) return null;
  // A hidden value can be another one, unless the one version in between is known: a note of one's own.
  if (found.length > 0 && newer.version > base.version + 1) return null;
  const fields = Object.fromEntries(Object.entries(newer.fields).map(([name, value]) => [name, value === MASK ? (base.fields[name] ?? value) : value]));
  return { ...newer, fields };
}

/** What becomes of two cards: what `kept` says holds, what it does not say is the other's, lists are put together. */
export function merged(kept: Details, other: Details): Details {
  const both = (name: "numbers" | "emails" | "tags") => [...new Set([...kept[name], ...other[name]])];
  return {
    name: kept.name || other.name,
    company: kept.company || other.company,
    segment: kept.segment || other.segment,
    value: kept.value || other.value,
    language: kept.language || other.language,
    preferred_agent: kept.preferred_agent || other.preferred_agent,
    numbers: both("numbers"),
    emails: both("emails"),
    tags: both("tags"),
    fields: { ...other.fields, ...kept.fields },
  };
}

export const valueText = (value: FieldValue): string => (value === 0 ? "" : typeof value === "boolean" ? (value ? "✓" : "✗") : String(value));

/** How a list of customers calls one. */
export const titleOf = (details: Pick<Details, "name" | "company" | "numbers" | "emails">): string =>
  details.name || details.company || details.numbers[0] || details.emails[0] || "";
