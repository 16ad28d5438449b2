import { dayKey } from "../../../shared/days.ts";

export type By = "hour" | "agent" | "team" | "channel" | "reason" | "promises";
export type Segment = "offer" | "accept" | "first_words" | "next_words";

export interface Spread {
  count: number;
  unfinished: number;
  p50_s: number | null;
  p90_s: number | null;
  p95_s: number | null;
  worst_s: number | null;
  missed: number;
}
export interface Row {
  key: string;
  episodes: number;
  segments: Record<Segment, Spread>;
  causes: Record<string, number>;
  /** How right the waiting times were that people were told. */
  forecast?: { told: number; judged: number; inside: number | null; p50_error_s: number | null; p90_error_s: number | null };
  rating?: { asked: number; given: number; mean: number | null };
  outcomes?: Record<string, { count: number; value: number }>;
}
export interface Dead {
  conversation_id: string;
  code: string;
  sentence: string;
  first_seen_at: string;
}
export interface Report {
  from: string;
  to: string;
  now: string;
  by: By;
  zone: string;
  rows: Row[];
  total: Row;
  currency?: string;
  dead: Dead[];
  /** Those that held in that time, the latest first. */
  promises?: Promised[];
}
export interface Promised {
  version: string;
  at: string;
  by: string | null;
  changes: string[];
}
export interface Wait {
  segment: Segment;
  conversation_id: string;
  since: string;
  waited_s: number;
  ending: "answered" | "so_far" | "abandoned";
}
export interface Miss {
  segment: Segment;
  conversation_id: string;
  cause: string;
  late_s: number | null;
}
export interface StaffingRow {
  hour: string;
  requests: number;
  per_hour: number;
  mean_handling_s: number;
  agents: number | null;
  erlang_c: number;
}

export const segmentWords: Record<Segment, string> = { offer: "Being offered", accept: "Acceptance", first_words: "First words", next_words: "Next words" };
export const byWords: Record<By, string> = { hour: "Hour", agent: "Agent", team: "Team", channel: "Channel", reason: "Reason", promises: "Promises" };
export const causeWords: Record<string, string> = {
  no_agents: "Nobody was free",
  routing: "Somebody was free and not asked",
  not_accepted: "Asked, and not accepted",
  slow: "Accepted, and no words",
  notification_lost: "Whoever was asked had gone",
  bot_late: "The bot was late",
};
export const endingWords: Record<Wait["ending"], string> = { answered: "", so_far: "so far", abandoned: "never" };

/** Seconds as people say them: "4.2 s", "2 min 5 s", "3 h 10 min". */
export function lasted(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
  const minutes = Math.round((whole % 3600) / 60);
  return `${Math.floor(whole / 3600)} h${minutes ? ` ${minutes} min` : ""}`;
}

/** What a row is of; `names` are those of agents, or of versions of the promises. */
export function keyWords(by: By, key: string, names: ReadonlyMap<string, string>): string {
  if (by === "hour") return `${key}:00`;
  if (key === "-") return by === "agent" ? "Nobody" : "None";
  if (by === "agent" || by === "promises") return names.get(key) ?? key;
  const words = key.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const RANGES = { today: "Today", yesterday: "Yesterday", week: "Last 7 days", month: "Last 30 days", days: "Choose days" } as const;
export type Range = keyof typeof RANGES;

/** The first and the last day of a range, as the reader's calendar has them. */
export function daysOf(range: Exclude<Range, "days">, now: Date): [string, string] {
  const ago = (days: number): string => dayKey(new Date(now.getFullYear(), now.getMonth(), now.getDate() - days));
  if (range === "yesterday") return [ago(1), ago(1)];
  return [ago({ today: 0, week: 6, month: 29 }[range]), ago(0)];
}

/** From the first moment of one day to the first after the other, in the reader's zone. */
export function momentsOf(from: string, to: string): [string, string] {
  const midnight = (day: string, later: number): string => {
    const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
    return new Date(year, month - 1, date + later).toISOString();
  };
  return [midnight(from, 0), midnight(to, 1)];
}

const endWords: Record<string, string> = { won: "won", lost: "lost", later: "later", no_fit: "no fit", answered: "answered", returned: "given back", prospect_chose_bot: "went on with the bot", prospect_cancelled: "called off", opted_out: "opted out", nobody_came: "nobody came" };

/** How talks ended and were rated, and how right the waiting times were that people were told, a sentence each. */
export function afterWords({ outcomes = {}, rating, forecast }: Row, currency: string): string[] {
  const said: string[] = [];
  const ends = Object.entries(outcomes).map(([name, { count, value }]) => `${count} ${endWords[name] ?? name.replaceAll("_", " ")}${value ? ` (${value.toLocaleString("en-GB", { maximumFractionDigits: 2 })} ${currency})` : ""}`);
  if (ends.length > 0) said.push(`Ended: ${ends.join(", ")}.`);
  if (rating && rating.mean !== null) said.push(`Rated ${rating.mean.toFixed(1)} of 5 on average, by ${rating.given} of ${rating.asked} who were asked.`);
  if (forecast && forecast.told > 0) {
    const inside = forecast.inside === null ? "none of them is over yet" : `${Math.round(forecast.inside * 100)} % of ${forecast.judged} were right`;
    const off = forecast.p50_error_s === null || forecast.p90_error_s === null ? "" : `; half were off by at most ${lasted(forecast.p50_error_s)}, nine in ten by ${lasted(forecast.p90_error_s)}`;
    said.push(`Waiting times told to ${forecast.told}: ${inside}${off}.`);
  }
  return said;
}
