import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import en from "../src/i18n/en";
import { bestLanguage, fill, labelText } from "../src/i18n/i18n";
import zh from "../src/i18n/zh-CN";

const SOURCES = join(import.meta.dirname, "../src");
const files = (ending: RegExp): string[] =>
  readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((name) => ending.test(name)).map((name) => join(SOURCES, name));
const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).toSorted();

describe("messages", () => {
  it("are the same in both languages, with the same places to fill", () => {
    expect(Object.keys(zh).toSorted()).toEqual(Object.keys(en).toSorted());
    for (const [key, text] of Object.entries(en)) expect([key, places(zh[key as keyof typeof zh])]).toEqual([key, places(text)]);
  });

  it("of refusals have the server's words in them at most", () => {
    const filled = Object.entries(en).filter(([key]) => key.startsWith("error.")).flatMap(([key, text]) => places(text).map((place) => `${key} ${place}`));
    expect(filled.filter((one) => !one.endsWith(" detail"))).toEqual(["error.unknown code"]);
  });

  it("stand once: no two areas use the same key", () => {
    const keys = readdirSync(join(SOURCES, "i18n/en")).filter((name) => name.endsWith(".json")).flatMap((name) => Object.keys(JSON.parse(readFileSync(join(SOURCES, "i18n/en", name), "utf8"))));
    expect(keys.length).toBe(new Set(keys).size);
  });

  it("are all used", () => {
    const code = files(/\.tsx?$/).map((path) => readFileSync(path, "utf8")).join("\n");
    // Keys that are put together of a known beginning and a code, `agent.state.${state}`.
    const beginnings = [...code.matchAll(/`([a-z0-9.-]+[.-])\$\{/g)].map((match) => match[1]!);
    const unused = Object.keys(en).filter((key) => !code.includes(`"${key}"`) && !beginnings.some((beginning) => key.startsWith(beginning)));
    expect(unused).toEqual([]);
  });

  it("are where people's texts are: none stand in the code", () => {
    const literal = />\s*([A-Za-z\u4e00-\u9fff][^<>{}=;()]*[A-Za-z\u4e00-\u9fff.!?])\s*<\/|\b(?:title|label|placeholder|aria-label|alt|description|okText|cancelText)="([^"]+)"/g;
    const found = files(/\.tsx$/).flatMap((path) => [...readFileSync(path, "utf8").matchAll(literal)].map((match) => match[1] ?? match[2]));
    expect(found.filter((text) => text !== "Alt")).toEqual([]);
  });
});

describe("choosing a language", () => {
  it("takes the first wish that is spoken here", () => {
    expect(bestLanguage([null, "fr-FR", "zh_TW", "en"])).toBe("zh-CN");
    expect(bestLanguage(["en-GB", "zh"])).toBe("en");
    expect(bestLanguage([undefined, "fr"])).toBe("en");
  });

  it("finds the label in the language, else in English, else in any", () => {
    expect(labelText({ en: "Lunch", zh: "午餐" }, "zh-CN")).toBe("午餐");
    expect(labelText({ en: "Lunch", zh_CN: "午餐" }, "zh-CN")).toBe("午餐");
    expect(labelText({ en: "Lunch" }, "zh-CN")).toBe("Lunch");
    expect(labelText({ de: "Pause" }, "en")).toBe("Pause");
    expect(labelText("Lunch", "zh-CN")).toBe("Lunch");
    expect(labelText(null, "en")).toBe("");
  });

  it("fills places, and leaves those that nothing was given for", () => {
    expect(fill("{a} and {b}", { a: "<b>1</b>" })).toBe("<b>1</b> and {b}");
  });

  it("keeps what runs the other way to itself", () => {
    expect(fill("{a} calls {b}", { a: "\u202etxet", b: "8000" })).toBe("\u2068\u202etxet\u2069 calls 8000");
    expect(fill("{a} calls {b}", { a: "\u2069\u202etxet", b: "8000" })).toBe("\u2068\u202etxet\u2069 calls 8000");
    expect(fill("{a} calls", { a: "\u2067a \u2066b\u2069" })).toBe("\u2068\u2067a \u2066b\u2069\u2069\u2069 calls");
  });
});
