import type { Clock, ClockKind } from "./types.ts";

/** How pressing a clock is; each level has its own words, so colour never stands alone. */
export type Level = "calm" | "soon" | "now" | "over";

export interface Countdown {
  /** "Take within 1:24", "Overdue by 0:42". */
  words: string;
  level: Level;
  /** Share of the time that is left, 1 to 0. */
  left: number;
}

const BEFORE: Record<ClockKind, string> = { accept: "Take within", first_words: "First words in", next_words: "Reply within" };
const AFTER: Record<ClockKind, string> = { accept: "Overdue by", first_words: "First words overdue by", next_words: "Reply overdue by" };

/** A length of time as a person reads it: "0:42", "12:05", "3 h 07 min", "2 d 4 h". Never negative. */
export function span(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, "0");
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)}`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** A target as one says it: "45 s", "2 min", "1 h 30 min". */
export function lengthWords(seconds: number): string {
  const parts = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]] as const;
  let rest = Math.round(seconds);
  const words: string[] = [];
  for (const [size, unit] of parts) {
    if (rest >= size) words.push(`${Math.floor(rest / size)} ${unit}`);
    rest %= size;
  }
  return words.slice(0, 2).join(" ") || "0 s";
}

/** Reads a clock at `now` (milliseconds since the epoch, the service's time). */
export function countdown(clock: Clock, now: number): Countdown {
  const due = Date.parse(clock.due_at);
  const whole = Math.max(1, due - Date.parse(clock.started_at));
  const rest = due - now;
  const left = Math.min(1, Math.max(0, rest / whole));
  if (rest <= 0) return { words: `${AFTER[clock.kind]} ${span(-rest)}`, level: "over", left };
  // Rounded up, so that "0:00" is never shown while there is time left.
  const words = `${BEFORE[clock.kind]} ${span(Math.ceil(rest / 1000) * 1000)}`;
  return { words, level: left > 0.5 ? "calm" : left > 0.25 ? "soon" : "now", left };
}

/** How long ago, for a list: "now", "4 min", "3 h", "2 d". */
export function ago(at: string, now: number): string {
  const s = Math.max(0, (now - Date.parse(at)) / 1000);
  if (s < 60) return "now";
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  return s < 86_400 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86_400)} d`;
}

const CLOCK_WAS_SET_MS = 5000;

/**
 * The service's clock minus ours, in milliseconds, after one more measurement.
 *
 * A message on its way only ever makes the service look late, so the largest measured difference is the nearest to the
 * truth; unless it is far off what we hold, which means that one of the clocks was set.
 */
export function betterOffset(known: number | null, measured: number): number {
  return known === null || known - measured > CLOCK_WAS_SET_MS ? measured : Math.max(known, measured);
}
