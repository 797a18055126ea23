import { clockText } from "../format/format";
import type { Language } from "../i18n/i18n";
import type { Column, Unit } from "./api";

export const NOTHING = "–";
const LONG_S = 100 * 3600;

/** Writes a figure as people of `language` read it, always with as many digits as its neighbours in the column. */
export function makeFigures(language: Language) {
  const count = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const share = new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const score = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const hours = new Intl.NumberFormat(language, { style: "unit", unit: "hour", unitDisplay: "short", maximumFractionDigits: 0 });
  const exact = new Intl.NumberFormat(language, { style: "unit", unit: "second", unitDisplay: "long", maximumFractionDigits: 3 });
  const points = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

  const text = (value: number | null | undefined, unit: Unit): string => {
    if (value === null || value === undefined) return NOTHING;
    switch (unit) {
      case "count":
        return count.format(value);
      case "share":
        return share.format(value);
      case "score":
        return score.format(value);
      case "s":
        return value >= LONG_S ? hours.format(value / 3600) : clockText(Math.round(value));
    }
  };
  return {
    text,
    /** Of what was rounded to be read: in full. */
    full: (value: number | null | undefined, unit: Unit): string | undefined => (unit === "s" && typeof value === "number" ? exact.format(value) : undefined),
    /** By how much it differs: shares in percentage points. */
    difference: (by: number, unit: Unit): string => (unit === "share" ? points.format(Math.abs(by) * 100) : text(Math.abs(by), unit)),
  };
}

export type Figures = ReturnType<typeof makeFigures>;

export interface Change {
  by: number;
  /** null where more is neither better nor worse. */
  better: boolean | null;
}

/** How a figure compares with the one before; null where either is missing, or both are read as the same. */
export function changeOf(value: number | null | undefined, before: number | null | undefined, { unit, better }: Pick<Column, "unit" | "better">, figures: Figures): Change | null {
  if (typeof value !== "number" || typeof before !== "number") return null;
  const by = value - before;
  if (by === 0 || figures.difference(by, unit) === figures.difference(0, unit)) return null;
  return { by, better: better === "" ? null : by > 0 === (better === "high") };
}

/** What is not known stands below all that is. */
export const compareFigures = (one: number | null | undefined, other: number | null | undefined): number => (one ?? Number.NEGATIVE_INFINITY) - (other ?? Number.NEGATIVE_INFINITY) || 0;
