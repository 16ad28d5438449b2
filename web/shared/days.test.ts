import { describe, expect, it } from "vitest";
import { clockTime, dayKey, dayWords } from "./days.ts";

const now = new Date(2026, 10, 22, 0, 30);

describe("dayWords", () => {
  it.each([
    [new Date(2026, 10, 22, 0, 1), "Today"],
    [new Date(2026, 10, 21, 23, 59), "Yesterday"],
    [new Date(2026, 10, 20, 12, 0), "Friday"],
    [new Date(2026, 10, 16, 12, 0), "Monday"],
    [new Date(2026, 10, 15, 12, 0), "15 November"],
    [new Date(2025, 2, 3, 12, 0), "3 March 2025"],
    [new Date(2026, 10, 23, 12, 0), "23 November"],
  ])("%s is %s", (at, words) => {
    expect(dayWords(at, now)).toBe(words);
  });
});

it("dayKey differs across midnight and clockTime pads", () => {
  expect(dayKey(new Date(2026, 0, 5, 23, 59))).toBe("2026-01-05");
  expect(dayKey(new Date(2026, 0, 6, 0, 0))).toBe("2026-01-06");
  expect(clockTime(new Date(2026, 0, 6, 4, 7))).toBe("04:07");
});
