import { describe, expect, it } from "vitest";

import { places } from "../src/admin/tree";
import { decisionsOf } from "../src/calls/decisions";
import { filterOf, searchOf } from "../src/calls/filter";
import { changesOf, differences, EMPTY, merged } from "../src/customers/details";
import { makeFormat } from "../src/format/format";
import { chartOption } from "../src/supervisor/chart";

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

  it("holds in a merge what it says, and takes from the other what it does not say", () => {
    const other = { ...EMPTY, name: "A. Weber", company: "Weber", numbers: ["+492", "+493"], fields: { contract: "S", since: "2020" } };
    const both = merged(card, other);
    expect([both.name, both.company, both.numbers]).toEqual(["Anna", "Weber", ["+491", "+492", "+493"]]);
    expect(both.fields).toEqual({ contract: "L", tariff: "s", since: "2020" });
  });
});

describe("the list of calls", () => {
  it("keeps its filter in the address", () => {
    const filter = { from: "2026-11-26T08:00", to: null, group: "sales", agent: null, number: "+49 30" };
    expect(filterOf(searchOf(filter))).toEqual(filter);
    expect(filterOf("from=yesterday%20evening&group=%20")).toEqual({ from: null, to: null, group: null, agent: null, number: null });
  });

  it("tells who got a call and why, the consultation before a transfer included", () => {
    const facts = [
      { fact: "Offered", at: 20, agent: "anna", phone: "1001", reasons: ["longest ready"] },
      { fact: "StepTaken", at: 5, flow: "main" },
      { fact: "Transferred", at: 40, agent: "anna", target: "ben", consult: [{ fact: "Answered", at: 30, agent: "ben" }] },
    ];
    const found = decisionsOf(facts);
    expect(found.map(({ text }) => text)).toEqual(["decision.offered", "decision.answered", "decision.transferred"]);
    expect(found[0]).toMatchObject({ values: { agent: "anna", phone: "1001" }, reasons: ["longest ready"] });
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
