import { describe, expect, it } from "vitest";
import { ago, betterOffset, countdown, span, lengthWords } from "./countdown.ts";
import type { Clock } from "./types.ts";

const start = Date.parse("2026-11-22T10:00:00Z");
const clock = (kind: Clock["kind"] = "accept"): Clock => ({ kind, started_at: "2026-11-22T10:00:00Z", due_at: "2026-11-22T10:02:00Z" });

describe("countdown", () => {
  it.each([
    [0, "Take within 2:00", "calm"],
    [59_999, "Take within 1:01", "calm"],
    [60_000, "Take within 1:00", "soon"],
    [90_000, "Take within 0:30", "now"],
    [119_999, "Take within 0:01", "now"],
    [120_000, "Overdue by 0:00", "over"],
    [162_000, "Overdue by 0:42", "over"],
    [120_000 + 3_720_000, "Overdue by 1 h 02 min", "over"],
  ])("%i ms in: %s, %s", (ms, words, level) => {
    expect(countdown(clock(), start + ms)).toMatchObject({ words, level });
  });
  it("says which words are due", () => {
    expect(countdown(clock("first_words"), start).words).toBe("First words in 2:00");
    expect(countdown(clock("next_words"), start + 121_000).words).toBe("Reply overdue by 0:01");
  });
  it("keeps the share between 1 and 0", () => {
    expect([-5000, 0, 60_000, 120_000, 1e9].map((ms) => countdown(clock(), start + ms).left)).toEqual([1, 1, 0.5, 0, 0]);
  });
});

it.each([
  [-1, "0:00"],
  [999, "0:00"],
  [61_000, "1:01"],
  [3_599_000, "59:59"],
  [3_600_000, "1 h 00 min"],
  [90_000_000, "1 d 1 h"],
])("span of %i ms is %s", (ms, words) => {
  expect(span(ms)).toBe(words);
});

it.each([
  [59, "now"],
  [-5, "now"],
  [60, "1 min"],
  [7200, "2 h"],
  [172_800, "2 d"],
])("ago of %i s is %s", (s, words) => {
  expect(ago("2026-11-22T10:00:00Z", start + s * 1000)).toBe(words);
});

describe("betterOffset", () => {
  it("keeps the measurement with the least delay", () => {
    expect([250, 120, 310, 90].reduce<number | null>(betterOffset, null)).toBe(310);
  });
  it("starts anew when a clock was set back", () => {
    expect(betterOffset(60_000, 100)).toBe(100);
  });
});

it("a target is told in the units one says it in", () => {
  expect([45, 60, 90, 3600, 5400, 90_000].map(lengthWords)).toEqual(["45 s", "1 min", "1 min 30 s", "1 h", "1 h 30 min", "1 d 1 h"]);
});
