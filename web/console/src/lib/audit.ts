import type { AuditReport, Finding } from "./types.ts";

/** A stretch of time as people say it: "1 second", "12 seconds", "4 minutes", "3 hours", "2 days". */
export function stretch(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const said = (n: number, unit: string): string => `${n} ${unit}${n === 1 ? "" : "s"}`;
  if (s < 60) return said(s, "second");
  if (s < 3600) return said(Math.floor(s / 60), "minute");
  return s < 86_400 ? said(Math.floor(s / 3600), "hour") : said(Math.floor(s / 86_400), "day");
}

/** So many missed looks are more than a busy moment. */
const MISSED = 4;

/** What the page says first: when it was looked, and how things stand. `good` is true only if both are well. */
export function verdict({ ran_at, every_s, rows }: AuditReport, now: number): { words: string; good: boolean } {
  if (ran_at === null) return { words: `Not checked yet. The first check comes within ${stretch(every_s * 1000)}.`, good: false };
  const age = now - Date.parse(ran_at);
  const checked = `Checked ${stretch(age)} ago.`;
  if (age > MISSED * every_s * 1000) return { words: `${checked} It should be every ${stretch(every_s * 1000)}: is the service running?`, good: false };
  const open = rows.reduce((sum, row) => sum + row.open, 0);
  if (open > 0) return { words: `${checked} ${open === 1 ? "One thing is" : `${open} things are`} wrong right now.`, good: false };
  return { words: `${checked} Nothing is wrong.`, good: true };
}

/** What became of a finding. */
export function fateWords({ state, first_seen_at, ended_at }: Pick<Finding, "state" | "first_seen_at" | "ended_at">): string {
  const took = ended_at === null ? 0 : Date.parse(ended_at) - Date.parse(first_seen_at);
  const after = took < 1000 ? "at once" : `after ${stretch(took)}`;
  switch (state) {
    case "open":
      return "Still so";
    case "repaired":
      return `Repaired ${after}`;
    case "over":
      return `Over ${after}`;
    case "past":
      return "Can't be undone";
  }
}
