import { expect, it } from "vitest";
import { fateWords, stretch, verdict } from "./audit.ts";
import type { AuditReport } from "./types.ts";

const NOW = Date.parse("2026-11-25T12:00:00Z");
const before = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();
const report = (ran_at: string | null, open = 0): AuditReport => ({
  ran_at,
  every_s: 15,
  took_ms: 3,
  runs: 1,
  behind: false,
  rows: [{ row: "I1", sentence: "", open, total: open, last_at: null }],
  findings: [],
  total: open,
  now: before(0),
});

it.each([
  [0, "0 seconds"],
  [1999, "1 second"],
  [59_000, "59 seconds"],
  [60_000, "1 minute"],
  [7_200_000, "2 hours"],
  [2 * 86_400_000, "2 days"],
  [-5, "0 seconds"],
])("%i ms is %s", (ms, words) => expect(stretch(ms)).toBe(words));

it.each([
  [report(null), "Not checked yet. The first check comes within 15 seconds.", false],
  [report(before(12)), "Checked 12 seconds ago. Nothing is wrong.", true],
  [report(before(12), 1), "Checked 12 seconds ago. One thing is wrong right now.", false],
  [report(before(12), 3), "Checked 12 seconds ago. 3 things are wrong right now.", false],
  [report(before(61)), "Checked 1 minute ago. It should be every 15 seconds: is the service running?", false],
])("%#: the verdict", (given, words, good) => expect(verdict(given, NOW)).toEqual({ words, good }));

it.each([
  ["open", null, "Still so"],
  ["past", null, "Can't be undone"],
  ["repaired", before(99.5), "Repaired at once"],
  ["over", before(40), "Over after 1 minute"],
] as const)("%s", (state, ended_at, words) => {
  expect(fateWords({ state, first_seen_at: before(100), ended_at })).toBe(words);
});
