import { clockTime, dayWords } from "../../../shared/days.ts";

const HOUR_MS = 3_600_000;
const MORNING = 9;

/** The next day of this kind at nine in the morning, by the wall clock of whoever snoozes. */
function morning(now: Date, days: (day: number) => number): Date {
  const at = new Date(now);
  at.setDate(at.getDate() + days(at.getDay()));
  at.setHours(MORNING, 0, 0, 0);
  return at;
}

/** What a snooze is offered until, each with its words. */
export function snoozeChoices(now: Date): { words: string; until: Date }[] {
  return [
    { words: "In an hour", until: new Date(now.getTime() + HOUR_MS) },
    { words: "In three hours", until: new Date(now.getTime() + 3 * HOUR_MS) },
    { words: "Tomorrow morning", until: morning(now, () => 1) },
    { words: "Monday morning", until: morning(now, (day) => ((8 - day) % 7) || 7) },
  ];
}

/** "Tomorrow 09:00" */
export const momentWords = (at: Date, now: Date): string => `${dayKeyWords(at, now)} ${clockTime(at)}`;

function dayKeyWords(at: Date, now: Date): string {
  const day = (one: Date): number => new Date(one.getFullYear(), one.getMonth(), one.getDate()).getTime();
  const days = Math.round((day(at) - day(now)) / (24 * HOUR_MS));
  return days === 0 ? "today" : days === 1 ? "tomorrow" : dayWords(at, now);
}

/** The value of a field for a local date and time. */
export function fieldValue(at: Date): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
