import { describe, expect, it } from "vitest";

import { clockText, makeFormat } from "../src/format/format";

const AT_S = Date.UTC(2026, 10, 3, 13, 5, 9) / 1000;

describe("times", () => {
  it("are those of the centre's time zone", () => {
    expect(makeFormat("en", "Europe/Berlin").time(AT_S)).toBe("14:05");
    expect(makeFormat("en", "Asia/Shanghai").timeWithSeconds(AT_S)).toBe("21:05:09");
  });

  it("are written as the language does it", () => {
    expect(makeFormat("en", "UTC").date(AT_S)).toBe("3 Nov 2026");
    expect(makeFormat("zh-CN", "UTC").date(AT_S)).toBe("2026年11月3日");
    expect(makeFormat("zh-CN", "UTC").distance(AT_S - 2 * 86_400, AT_S)).toBe("前天");
    expect(makeFormat("en", "UTC").distance(AT_S + 7300, AT_S)).toBe("in 2 hours");
  });

  it("have the date only where it is not today, and the year where it is not this one", () => {
    const format = makeFormat("en", "UTC");
    expect(format.moment(AT_S, AT_S + 60)).toBe("13:05");
    expect(format.moment(AT_S, AT_S + 86_400)).toBe("3 Nov, 13:05");
    expect(format.moment(AT_S, AT_S + 100 * 86_400)).toBe("3 Nov 2026, 13:05");
  });

  it("survive a time zone that this browser does not know", () => {
    expect(makeFormat("en", "Mars/Olympus").time(AT_S)).toMatch(/^\d\d:\d\d$/);
  });

  it("run as clocks", () => {
    expect([0, 65.9, 3725, -3].map(clockText)).toEqual(["0:00", "1:05", "1:02:05", "0:00"]);
  });
});
