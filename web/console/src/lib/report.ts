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

/** How talks end, best first, then how requests end that nobody came to. */
const endWords: Record<string, string> = {
  won: "Won", answered: "Answered", later: "Later", no_fit: "No fit", lost: "Lost", returned: "Given back", prospect_chose_bot: "Went on with the bot",
  prospect_cancelled: "Called off", opted_out: "Opted out", nobody_came: "Nobody came",
};

export interface Ending {
  name: string;
  words: string;
  count: number;
  /** What it was worth, as money is written; empty if nothing was said. */
  worth: string;
}

/** How talks ended: each way with its count, in an order that stays. */
export function endingsOf({ outcomes = {} }: Row, currency: string): Ending[] {
  const order = Object.keys(endWords);
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return Object.entries(outcomes)
    .map(([name, { count, value }]) => ({ name, words: endWords[name] ?? name.replaceAll("_", " "), count, worth: value ? moneyWords(value, currency) : "" }))
    .sort((a, b) => place(a.name) - place(b.name));
}

const moneyWords = (value: number, currency: string): string => `${value.toLocaleString("en-GB", { maximumFractionDigits: 2 })} ${currency}`.trim();

/** A figure and what to know of it; null where there is nothing to tell. */
export interface Figure {
  figure: string;
  of: string;
  more: string;
}

export function ratingOf({ rating }: Row): Figure | null {
  if (!rating || rating.asked === 0) return null;
  if (rating.mean === null) return { figure: "–", of: "", more: `Nobody of ${rating.asked} who were asked has said yet.` };
  return { figure: rating.mean.toFixed(1), of: "of 5", more: `On average, by ${rating.given} of ${rating.asked} who were asked.` };
}

/** How right the waiting times were that people were told. */
export function forecastOf({ forecast }: Row): Figure | null {
  if (!forecast || forecast.told === 0) return null;
  if (forecast.inside === null) return { figure: "–", of: "", more: `Told to ${forecast.told}; none of these waits is over yet.` };
  const off = forecast.p50_error_s === null || forecast.p90_error_s === null ? "" : ` Half were off by at most ${lasted(forecast.p50_error_s)}, nine in ten by ${lasted(forecast.p90_error_s)}.`;
  return { figure: `${Math.round(forecast.inside * 100)} %`, of: "right", more: `Of ${forecast.judged} that can be judged; ${forecast.told} were told.${off}` };
}
