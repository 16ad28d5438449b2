import type { Mode, Outcome, Plan } from "./types.ts";

export const modeWords: Record<Mode, string> = { live: "Live", paused: "Paused", draining: "Draining", stopped: "Stopped" };

/** What each ruling does to people, said before it is done. */
export const rulingWords = {
  pause: { title: "Pause", does: "Nobody starts and nobody goes on, until somebody resumes it. What people answer is kept." },
  drain: { title: "Drain", does: "Nobody new starts. Everybody inside finishes." },
  stop: { title: "Stop", does: "Everybody inside leaves at once, and words that have not left yet are taken back." },
  resume: { title: "Resume", does: "People start and go on again. What is overdue is spread, so nobody gets a burst." },
} as const;
export type Ruling = keyof typeof rulingWords;

/** The rulings that make sense from where a flow stands. */
export function rulingsFrom(mode: Mode): Ruling[] {
  if (mode === "live") return ["pause", "drain", "stop"];
  return mode === "stopped" ? ["resume"] : ["resume", ...(mode === "draining" ? [] : (["drain"] as const)), "stop"];
}

const HELD: Record<string, string> = {
  quiet_hours: "quiet hours where they are",
  cap: "they had as many messages as the caps allow",
  talking: "they just wrote",
  priority: "a more important flow goes first",
  unheard: "their message waits for its answer",
  unsent: "earlier words have not left yet",
  another_question: "something else is being asked",
  person: "a person has the next word",
  owner: "a person has the next word",
  paused: "the flow is paused",
  flow_gone: "no version of the flow has them any more",
  step_gone: "their step is gone",
  no_clock: "nothing moves them on",
  overdue: "they should have gone on already: is the service running?",
  held: "held back for more than a week",
};

export const heldWords = (reason: string): string => HELD[reason] ?? reason.replaceAll("_", " ");

const KINDS: Record<string, string> = { say: "Says", ask: "Asks", offer: "Offers", wait: "Waits", branch: "Branches", experiment: "Experiment", score: "Warmth", tag: "Tags", handoff: "Hands over", webhook: "Asks a program", goto: "Goes on", goal: "Goal", stop: "End" };
export const kindWords = (kind: string): string => KINDS[kind] ?? kind;

/** A share from 0 to 1 as a person reads it; a dash of nobody. */
export function percent(share: number | null): string {
  if (share === null) return "–";
  const of100 = share * 100;
  return `${of100 > 0 && of100 < 10 ? of100.toFixed(1) : Math.round(of100)} %`;
}

export const shareOf = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);

export const peopleWords = (n: number): string => (n === 1 ? "1 person" : `${n.toLocaleString("en-GB")} people`);

export const eventsWords = (n: number): string => (n === 1 ? "1 event" : `${n.toLocaleString("en-GB")} events`);

export function lastsWords(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** What publishing would do to those inside, in sentences. */
export function planWords(plan: Plan): string[] {
  const { stay, move, exit } = plan.people;
  if (stay + move + exit === 0) return ["Nobody is inside an earlier version."];
  return [
    ...(stay > 0 ? [`${peopleWords(stay)} ${stay === 1 ? "stays" : "stay"} in the version they are in and ${stay === 1 ? "finishes" : "finish"} it.`] : []),
    ...(move > 0 ? [`${peopleWords(move)} ${move === 1 ? "goes" : "go"} over to version ${plan.version}.`] : []),
    ...(exit > 0 ? [`${peopleWords(exit)} ${exit === 1 ? "leaves" : "leave"} the flow, since nothing is left for them.`] : []),
    `Falling due: ${plan.due_at_once} at once, ${plan.due_next_hour} within an hour, ${plan.due_next_day} within a day.`,
  ];
}

export function outcomeWords(done: Outcome): string {
  const begun = done.new ? `Version ${done.version} is published.` : `Version ${done.version} is what people enter, as before.`;
  const moved = done.moved > 0 ? ` ${peopleWords(done.moved)} went over.` : "";
  return begun + moved + (done.left > 0 ? ` ${peopleWords(done.left)} could not be moved yet; publish again to go on with them.` : "");
}

/** Good from here on, middling, or to be mended. */
export const gradeOf = (score: number): "good" | "middling" | "poor" => (score >= 70 ? "good" : score >= 45 ? "middling" : "poor");

/** Whoever speaks in a simulated talk: on which side of the page, and as who. */
export function speakerOf(who: string): { side: "them" | "us" | "note"; name: string } {
  if (who === "person") return { side: "them", name: "Person" };
  // "(held)", "(the flow ends)": what happened, not what was said.
  const note = /^\((.+)\)$/.exec(who)?.[1];
  if (note) return { side: "note", name: note.charAt(0).toUpperCase() + note.slice(1) };
  const [speaker = who, step = ""] = who.split(" ");
  return { side: "us", name: speaker === "flow" ? `Flow${step ? `, ${step}` : ""}` : speaker === "bot" ? "Bot" : speaker === "agent" ? "Agent" : who };
}

/** What sources are grouped by. */
export const SOURCES_BY: Record<string, string> = { source: "Source", medium: "Medium", campaign: "Campaign", term: "Term", content: "Content", ref: "Ref of the link", ad: "Ad", referrer: "Referring site" };

const SOURCES: Record<string, string> = { "-": "Not told", direct: "Direct: nothing told", ad: "An ad", link: "A link with a ref", import: "Imported" };
export const sourceWords = (key: string): string => SOURCES[key] ?? key;

const MEASURES: Record<string, string> = { people: "Came", wrote_back: "Wrote back", enrolled: "Entered a flow", goal: "Reached a goal", opted_out: "Opted out", won: "Won, as agents say", lost: "Lost, as agents say", later: "Later, as agents say", no_fit: "No fit, as agents say", conversions: "Converted" };
export const measureWords = (measure: string): string => MEASURES[measure] ?? measure.replaceAll("_", " ");

/** Sums by currency, such as "49.90 EUR"; a dash of none. */
export const valueWords = (value: Record<string, string>): string =>
  Object.entries(value)
    .map(([currency, sum]) => `${sum} ${currency}`.trim())
    .join(", ") || "–";

const FIELDS: Record<string, string> = { "trigger.segment": "a trigger of its own", "trigger.tag": "when tagged", audience: "its audience" };
/** Where in a flow's file a segment is named. */
export const fieldWords = (field: string): string => FIELDS[field] ?? field;

/** Days and times by the clock of a person who lives in this zone; by the reader's where the browser does not know it. */
export function theirClock(zone: string): { day: (at: Date) => string; time: (at: Date) => string } {
  const form = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => {
    try {
      return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
    } catch {
      return new Intl.DateTimeFormat("en-GB", options);
    }
  };
  const [days, times] = [form({ weekday: "short", day: "numeric", month: "short" }), form({ hour: "2-digit", minute: "2-digit" })];
  return { day: (at) => days.format(at), time: (at) => times.format(at) };
}
