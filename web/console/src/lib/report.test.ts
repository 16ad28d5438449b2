import { expect, it } from "vitest";
import { daysOf, endingsOf, forecastOf, keyWords, lasted, momentsOf, ratingOf, type Row } from "./report.ts";

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

const NOTHING: Row = { key: "total", episodes: 0, segments: {} as Row["segments"], causes: {} };

it("says how talks ended, the best first, with what they were worth", () => {
  const row = { ...NOTHING, outcomes: { prospect_cancelled: { count: 1, value: 0 }, lost: { count: 3, value: 0 }, won: { count: 2, value: 1250.5 }, sent_home: { count: 1, value: 0 } } };
  expect(endingsOf(row, "EUR").map(({ words, count, worth }) => [words, count, worth])).toEqual([["Won", 2, "1,250.5 EUR"], ["Lost", 3, ""], ["Called off", 1, ""], ["sent home", 1, ""]]);
  expect(endingsOf(NOTHING, "EUR")).toEqual([]);
});

it("says how talks were rated, and when nobody has", () => {
  expect(ratingOf({ ...NOTHING, rating: { asked: 3, given: 2, mean: 4.5 } })).toEqual({ figure: "4.5", of: "of 5", more: "On average, by 2 of 3 who were asked." });
  expect(ratingOf({ ...NOTHING, rating: { asked: 3, given: 0, mean: null } })?.more).toBe("Nobody of 3 who were asked has said yet.");
  expect(ratingOf(NOTHING)).toBeNull();
});

it("says how right the waiting times were that people were told", () => {
  const forecast = { told: 5, judged: 4, inside: 0.75, p50_error_s: 20, p90_error_s: 90 };
  expect(forecastOf({ ...NOTHING, forecast })).toEqual({ figure: "75 %", of: "right", more: "Of 4 that can be judged; 5 were told. Half were off by at most 20 s, nine in ten by 1 min 30 s." });
  expect(forecastOf({ ...NOTHING, forecast: { ...forecast, judged: 0, inside: null } })?.more).toContain("none of these waits is over yet");
  expect(forecastOf(NOTHING)).toBeNull();
});
