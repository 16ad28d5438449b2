const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const WEEKDAY = new Intl.DateTimeFormat("en-GB", { weekday: "long" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long" });
const DATE_AND_YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

/** The hour and minute in the reader's zone, "14:05". */
export const clockTime = (at: Date): string => TIME.format(at);

/** A day's key in the reader's zone, "2026-11-22": two moments with the same key fall on the same day. */
export function dayKey(at: Date): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** A day as a person says it: "Today", "Yesterday", "Tuesday", "3 March", "3 March 2025". */
export function dayWords(at: Date, now: Date): string {
  const midnight = (d: Date): number => Date.UTC(d.getFullYear(), d.getMonth(), d.getDate());
  const days = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days > 1 && days < 7) return WEEKDAY.format(at);
  return (at.getFullYear() === now.getFullYear() ? DATE : DATE_AND_YEAR).format(at);
}
