import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { places } from "../src/admin/tree";
import { stationText } from "../src/agent/pop/way";
import { filterOf, searchOf } from "../src/calls/filter";
import { reasonText } from "../src/calls/reasons";
import { decisionsOf, storyOf, visitText } from "../src/calls/words";
import { MASK, type CustomField, type FieldValue } from "../src/api/customers";
import { carriedOver, changesOf, differences, EMPTY, merged } from "../src/customers/details";
import { fieldName, fieldText } from "../src/customers/fieldText";
import { makeFormat } from "../src/format/format";
import en from "../src/i18n/en";
import { makeI18n, type Language } from "../src/i18n/i18n";
import zh from "../src/i18n/zh-CN";
import { chartOption } from "../src/supervisor/chart";
import { waitingText, type WaitingLine } from "../src/supervisor/waitingLines";

describe("a customer's card", () => {
  const card = { ...EMPTY, name: "Anna", numbers: ["+491", "+492"], fields: { contract: "L", tariff: "s" } };

  it("sends only what was changed, and takes away what was emptied", () => {
    expect(changesOf(card, card)).toEqual({});
    expect(changesOf(card, { ...card, company: "Weber", fields: { contract: "XL", tariff: "s" } })).toEqual({ company: "Weber", fields: { contract: "XL" } });
    expect(changesOf(card, { ...card, numbers: ["+491"], fields: { contract: "L" } })).toEqual({ numbers: ["+491"], fields: { tariff: null } });
  });

  it("differs from another place by place", () => {
    expect(differences(card, { ...card, name: "Ann", fields: { contract: "L", since: "2026" } })).toEqual([
      { place: "name", one: "Anna", other: "Ann" },
      { place: "fields.tariff", one: "s", other: "" },
      { place: "fields.since", one: "", other: "2026" },
    ]);
  });

  it("goes on in a newer version as long as nobody has changed it", () => {
    const shown = { ...card, id: "k", notes: [], version: 4 };
    const hidden = { ...shown, fields: { ...card.fields, contract: MASK } };
    const noted = { version: 5, notes: [{ at: 1, by: "anna", text: "Called" }] };
    expect(carriedOver(shown, { ...shown, ...noted, version: 6 })).toEqual({ ...shown, ...noted, version: 6 });
    expect(carriedOver(shown, { ...shown, ...noted, company: "Weber" })).toBeNull();
    expect(carriedOver(hidden, shown)).toEqual(shown); // revealed
    expect(carriedOver(shown, { ...hidden, ...noted })).toEqual({ ...shown, ...noted }); // and noted after that
    expect(carriedOver(shown, { ...hidden, version: 6 })).toBeNull(); // somebody else's: of the hidden field, perhaps
  });

  it("holds in a merge what it says, and takes from the other what it does not say", () => {
    const other = { ...EMPTY, name: "A. Weber", company: "Weber", numbers: ["+492", "+493"], fields: { contract: "S", since: "2020" } };
    const both = merged(card, other);
    expect([both.name, both.company, both.numbers]).toEqual(["Anna", "Weber", ["+491", "+492", "+493"]]);
    expect(both.fields).toEqual({ contract: "L", tariff: "s", since: "2020" });
  });
});

describe("a field of the centre's own", () => {
  const i18n = makeI18n({ language: "en", messages: en });
  const field = (type: CustomField["type"], choices: CustomField["choices"] = []): CustomField => ({ id: "f", label: { en: "Field" }, type, required: false, masked: false, choices });
  const text = (value: FieldValue, of?: CustomField) => fieldText(value, of, i18n, makeFormat("en", "Europe/Berlin"));

  it("is read in words", () => {
    expect(text("2027-03-31", field("date"))).toBe("31 Mar 2027");
    expect(text("soon", field("date"))).toBe("soon");
    expect(text("l", field("choice", [{ value: "l", label: { en: "Large" } }]))).toBe("Large");
    expect([text(true, field("yes_no")), text(48200, field("number")), text("x")]).toEqual(["Yes", "48,200", "x"]);
    expect([fieldName("f", field("text"), i18n), fieldName("gone", undefined, i18n)]).toEqual(["Field", "gone"]);
  });
});

describe("the list of calls", () => {
  it("keeps its filter in the address", () => {
    const filter = { from: "2026-11-26T08:00", to: null, group: "sales", agent: null, number: "+49 30" };
    expect(filterOf(searchOf(filter))).toEqual(filter);
    expect(filterOf("from=yesterday%20evening&group=%20")).toEqual({ from: null, to: null, group: null, agent: null, number: null });
  });
});

describe("the story of a call", () => {
  const words = (messages: typeof en | typeof zh, language: Language) => ({ ...makeI18n({ language, messages }), agent: (id: string) => ({ anna: "Anna Weber" })[id] ?? id, group: (id: string) => ({ sales: "Sales" })[id] ?? id, reason: (label: string) => label });
  const facts = [
    { fact: "Arrived", at: 0, kind: "inbound", caller_number: "+4930", caller_name: "", dialed_number: "8000", customer: { name: "Ben", segment: "gold" }, origin_agent: null, trunk: "lab" },
    { fact: "Queued", at: 10, group: "sales", priority: 10, requirement: "" },
    { fact: "Offered", at: 20, agent: "anna", phone: "1001", reasons: ["longest ready"] },
    { fact: "Hummed", at: 30, tune: "x" },
    { fact: "Transferred", at: 40, agent: "anna", target: "c-9", how: "attended", consult: [{ fact: "Answered", at: 35, agent: "ben" }] },
    { fact: "LeftLine", at: 45, group: "sales", how: "full", exit: "" },
    { fact: "Ended", at: 50, by: "caller", reason: "" },
  ];
  const told = ["Call c, inbound", "09:00:00   +0:00.0  a", "09:00:10   +0:10.0  b", "09:00:20   +0:20.0  c", "                       longest ready", "09:00:30   +0:30.0  hummed a tune", "09:00:40   +0:40.0  d", "    09:00:35   +0:35.0  e", "09:00:45   +0:45.0  f", "09:00:50   +0:50.0  g", "sales: answered after 0:40"];

  it("is told in the reader's language, with names, and in the server's words where there are no others", () => {
    const english = storyOf(facts, told, words(en, "en"));
    expect(english.map(({ text }) => text)).toEqual(["Call from +4930 to 8000", "Waits for Sales", "Offered to Anna Weber on phone 1001", "hummed a tune", "Anna Weber handed the caller over after a consultation:", "ben answered", "Left the line of Sales: as many waited as may", "The caller hung up"]);
    expect(english.slice(0, 3).map(({ more }) => more)).toEqual([["through lab", "customer Ben, gold"], ["priority 10"], []]);
    expect(english.map(({ depth }) => depth)).toEqual([0, 0, 0, 0, 0, 1, 0, 0]);
    expect(storyOf(facts, told, words(zh, "zh-CN")).map(({ text }) => text).slice(1, 4)).toEqual(["进入 Sales 队列", "分配给 Anna Weber（话机 1001）", "hummed a tune"]);
    expect(storyOf(facts, [], words(en, "en"))[3]!.text).toBe("Hummed");
  });

  it("says who got the call and why, the consultation before a transfer at its time", () => {
    const found = decisionsOf(storyOf(facts, told, words(en, "en")));
    expect(found.map(({ fact }) => fact)).toEqual(["Queued", "Offered", "Answered", "Transferred", "LeftLine"]);
    expect(found[1]!.reasons).toEqual(["longest ready"]);
  });

  it("sums up each wait", () => {
    const visit = { group: "sales", queued_at: "", outcome: "abandoned", wait_s: 75, agent: null, talk_s: 0, hold_s: 0, wrap_up_s: 0 };
    expect(visitText(visit, words(en, "en"))).toBe("Sales: gave up after 1:15");
  });

  it("has words for every kind of fact, in all their variants", () => {
    const python = ["facts", "callback_facts", "outside_facts"].map((name) => readFileSync(join(import.meta.dirname, `../../../core/${name}.py`), "utf8")).join("\n");
    const kinds = [...python.matchAll(/^class (\w+)\(Fact\):/gm)].map((match) => match[1]!);
    expect(kinds.length).toBeGreaterThan(40);
    expect(kinds.filter((kind) => !Object.keys(en).some((key) => key === `story.${kind}` || key.startsWith(`story.${kind}.`)))).toEqual([]);
  });
});

describe("why an agent got a call", () => {
  const names = { agent: (id: string) => ({ anna: "Anna Weber", ben: "陈伟" })[id] ?? id, group: (id: string) => ({ sales: "Sales", "gold-line": "Gold" })[id] ?? id };
  const english = { ...makeI18n({ language: "en", messages: en }), ...names, reason: (label: string) => label };
  const chinese = { ...makeI18n({ language: "zh-CN", messages: zh }), ...names, reason: (label: string) => ({ lunch: "午餐" })[label] ?? label };
  const lines = JSON.parse(readFileSync(join(import.meta.dirname, "reason_lines.json"), "utf8")) as string[];

  it("is told in the routing's own words where the reader has English, with names", () => {
    const named = (line: string) => line.replace("anna", "Anna Weber").replace(/\bben\b/, "陈伟").replace(/(?<=of )sales/, "Sales");
    expect(lines.map((line) => reasonText(line, english))).toEqual(lines.map(named));
    expect(reasonText("2 ready with the skills of gold-line, ring 1", english)).toBe("2 ready with the skills of Gold, ring 1");
  });

  it("is told in Chinese, with nothing of the English left but ids", () => {
    const told = lines.map((line) => reasonText(line, chinese));
    expect(told.filter((line) => /[a-z]{2,}/.test(line.replace(/Anna Weber|Sales|chen|urgent/g, "")))).toEqual([]);
    expect(told[0]).toBe("Anna Weber：指定坐席");
    expect(reasonText("not chen: not ready (lunch) for 8 s", chinese)).toBe("未选 chen：未就绪（午餐） 8 秒");
  });

  it.each(["a direct call for this agent", "anna, knows him: by love", "not chen: asleep"])("is shown as it is where its form is of another version: %s", (line) =>
    expect(reasonText(line, chinese).replace("Anna Weber，", "anna, ").replace("：", ": ").replace("未选", "not")).toBe(line),
  );

  it("is told in both languages while a call waits, too: what agents need, who is ahead, what keeps steps", () => {
    const waiting = JSON.parse(readFileSync(join(import.meta.dirname, "waiting_lines.json"), "utf8")) as Record<WaitingLine, string[]>;
    const all = (Object.keys(waiting) as WaitingLine[]).flatMap((kind) => waiting[kind].map((line) => ({ kind, line })));
    expect(all.length).toBeGreaterThan(50);
    const named = (line: string) => line.replace("anna", "Anna Weber").replace(/(?<=for |of |in |group )sales(?! >=)/, "Sales").replace(/(?<=room in )sales/, "Sales");
    expect(all.map(({ kind, line }) => waitingText(line, kind, english))).toEqual(all.map(({ line }) => named(line)));
    const told = all.map(({ kind, line }) => waitingText(line, kind, chinese));
    expect(told.filter((line) => /[a-z]{2,}/.test(line.replace(/Anna Weber|Sales|sales|english|callback|sorry| or /g, "")))).toEqual([]);
    expect(waitingText("to finish the call", "need", chinese)).toBe("to finish the call");
  });

  it("shows a line on the caller's way by the name of its group, and steps as their author has them", () => {
    const at = { flow: "main", step: "", arrow: "", detail: "" };
    expect(stationText(at, names)).toBe("main");
    expect(stationText({ ...at, step: "menu", arrow: "1", detail: "1" }, names)).toBe("menu: 1");
    expect(stationText({ flow: "", step: "", arrow: "queue", detail: "sales" }, names)).toBe("Sales");
  });
});

describe("pictures and places", () => {
  it("has files by folder", () => {
    expect(places(["config/b.yml", "a.yml", "config/a.yml"]).map(({ label, children }) => [label, children?.length])).toEqual([["a.yml", undefined], ["config", 2]]);
  });

  it("has a value of each interval in the chart, a gap where there was no call", () => {
    const one = { at: 0, offered: 3, answered: 2, abandoned: 1, service_level: 0.5, aht_s: 200 };
    const colors = { text: "", line: "", good: "", bad: "", level: "", surface: "", onSurface: "" };
    const option = chartOption([one, { ...one, at: 1800, service_level: null }], { answered: "a", abandoned: "b", level: "c" }, colors, makeFormat("en", "UTC"));
    const series = option["series"] as { data: unknown[] }[];
    expect(series.map(({ data }) => data)).toEqual([[2, 2], [1, 1], [0.5, null]]);
    expect((option["xAxis"] as { data: unknown[] }).data).toEqual(["00:00", "00:30"]);
  });
});
