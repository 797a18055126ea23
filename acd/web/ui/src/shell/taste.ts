import type { ThemeChoice } from "../api/session";

/** What this browser remembers, also for the sign-in page; storage may be forbidden, then nothing is remembered. */
export function remember(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`acd.${name}`);
    else localStorage.setItem(`acd.${name}`, value);
  } catch {
    // Private windows may refuse: the server remembers what matters.
  }
}

export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(`acd.${name}`);
  } catch {
    return null;
  }
}

/** Texts that were remembered as JSON; none where there is anything else. */
export function rememberedList(name: string): string[] {
  try {
    const found: unknown = JSON.parse(remembered(name) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

export function themeChoice(value: string | null | undefined): ThemeChoice {
  return value === "light" || value === "dark" ? value : "system";
}
