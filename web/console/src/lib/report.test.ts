import { expect, it } from "vitest";
import { afterWords, daysOf, keyWords, lasted, momentsOf, type Row } from "./report.ts";

it.each([
  [null, "–"],
  [4.24, "4.2 s"],
  [59.4, "59 s"],
  [60, "1 min"],
  [125, "2 min 5 s"],
  [3600, "1 h"],
  [11_400, "3 h 10 min"],
])("%s seconds", (seconds, words) => {
  expect(lasted(seconds)).toBe(words);
});

it("rows say what they are of", () => {
  const names = new Map([["a_1", "Mia"]]);
  expect(keyWords("hour", "09", names)).toBe("09:00");
  expect(keyWords("agent", "a_1", names)).toBe("Mia");
  expect(keyWords("agent", "-", names)).toBe("Nobody");
  expect(keyWords("team", "-", names)).toBe("None");
  expect(keyWords("reason", "hot_lead", names)).toBe("Hot lead");
  expect(keyWords("promises", "a1b2", new Map([["a1b2", "Since Tuesday"]]))).toBe("Since Tuesday");
  expect(keyWords("promises", "a1b2", names)).toBe("a1b2");
});

it("ranges are whole days of the reader", () => {
  const now = new Date(2026, 2, 1, 15);
  expect(daysOf("today", now)).toEqual(["2026-03-01", "2026-03-01"]);
  expect(daysOf("yesterday", now)).toEqual(["2026-02-28", "2026-02-28"]);
  expect(daysOf("week", now)).toEqual(["2026-02-23", "2026-03-01"]);
  expect(daysOf("month", now)).toEqual(["2026-01-31", "2026-03-01"]);
  const [from, to] = momentsOf("2026-02-28", "2026-02-28");
  expect(Date.parse(to) - Date.parse(from)).toBe(86_400_000);
  expect(new Date(from).getHours()).toBe(0);
});

it("says how talks ended, how they were rated and how right the waiting times were", () => {
  const row = { key: "total", episodes: 4, segments: {} as Row["segments"], causes: {}, outcomes: { won: { count: 2, value: 1250.5 }, prospect_cancelled: { count: 1, value: 0 } }, rating: { asked: 3, given: 2, mean: 4.5 }, forecast: { told: 5, judged: 4, inside: 0.75, p50_error_s: 20, p90_error_s: 90 } };
  expect(afterWords(row, "EUR").slice(0, 2)).toEqual(["Ended: 2 won (1,250.5 EUR), 1 called off.", "Rated 4.5 of 5 on average, by 2 of 3 who were asked."]);
  expect(afterWords(row, "EUR")[2]).toMatch(/^Waiting times told to 5: 75 % of 4 were right; half were off by at most .+, nine in ten by .+\.$/);
  expect(afterWords({ key: "total", episodes: 0, segments: {} as Row["segments"], causes: {} }, "EUR")).toEqual([]);
});
