import { expect, test } from "vitest";
import { windowOf } from "./window.ts";

const NOW = Date.parse("2026-11-23T09:00:00Z");
const in_ = (hours: number): string => new Date(NOW + hours * 3_600_000).toISOString();
const messenger = (closes: number, human: number | null): Parameters<typeof windowOf>[0] => ({ channel: "facebook", window_closes_at: in_(closes), human_until: human === null ? null : in_(human) });

test("a channel that never closes has no window", () => {
  expect(windowOf({ channel: "widget", window_closes_at: null, human_until: null }, NOW)).toBeNull();
});

test("in the window everybody may write, and it is said when little is left", () => {
  expect(windowOf(messenger(22, 166), NOW)).toMatchObject({ phase: "open", little: false, short: "closes in 22 h 00 min", next: "After that only a person can, for 6 d 0 h more." });
  expect(windowOf(messenger(1.5, 145.5), NOW)).toMatchObject({ phase: "open", little: true });
  expect(windowOf(messenger(1, null), NOW)?.next).toBe("After that nobody can until they write again.");
});

test("after it only a person may, and in the end nobody", () => {
  expect(windowOf(messenger(-1, 143), NOW)).toMatchObject({ phase: "human", little: false, short: "people only, for 5 d 23 h" });
  expect(windowOf(messenger(-140, 4), NOW)).toMatchObject({ phase: "human", little: true });
  expect(windowOf(messenger(-150, -6), NOW)).toMatchObject({ phase: "closed", left: 0, now: "Messenger lets nobody write until they do." });
  expect(windowOf(messenger(-1, null), NOW)?.phase).toBe("closed");
});
