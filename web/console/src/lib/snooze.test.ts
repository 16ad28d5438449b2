import { expect, it } from "vitest";
import { fieldValue, momentWords, snoozeChoices } from "./snooze.ts";

it("offers moments to come, by the wall clock", () => {
  const sunday = new Date(2026, 10, 22, 22, 30);
  expect(snoozeChoices(sunday).map(({ until }) => fieldValue(until))).toEqual(["2026-11-22T23:30", "2026-11-23T01:30", "2026-11-23T09:00", "2026-11-23T09:00"]);
  const monday = new Date(2026, 10, 23, 8, 0);
  expect(fieldValue(snoozeChoices(monday)[3]?.until ?? monday)).toBe("2026-11-30T09:00");
});

it("says when", () => {
  const now = new Date(2026, 10, 22, 22, 30);
  expect(momentWords(new Date(2026, 10, 22, 23, 5), now)).toBe("today 23:05");
  expect(momentWords(new Date(2026, 10, 23, 9, 0), now)).toBe("tomorrow 09:00");
});
