/** The console's wire shapes. Times are ISO 8601 in UTC. */

export type View = "queue" | "mine" | "all";
export type Owner = "bot" | "waiting" | "agent" | "closed";
export type Role = "agent" | "supervisor" | "marketer" | "admin";
export type Presence = "online" | "away";
export type Speaker = "prospect" | "bot" | "flow" | "ladder" | "agent";
export type Outcome = "answered" | "won" | "lost" | "later" | "no_fit";
export type ClockKind = "accept" | "first_words" | "next_words";

export interface Agent {
  id: string;
  name: string;
  email: string;
  role: Role;
  picture_url: string | null;
  disabled?: boolean;
  skills: string[];
  languages: string[];
  teams: string[];
  /** The weight of talks they may hold; null for what the settings say. */
  capacity: number | null;
}

export interface Clock {
  kind: ClockKind;
  due_at: string;
  started_at: string;
}

export interface Episode {
  id: string;
  reason: string;
  detail: string | null;
  status: "waiting" | "accepted" | "closed";
  requested_at: string;
  accepted_at: string | null;
  agent: Pick<Agent, "id" | "name" | "picture_url"> | null;
  rung: number;
  breached: string[];
  offered_to_me: boolean;
  clock: Clock | null;
}

export interface Item {
  id: string;
  name: string | null;
  picture_url: string | null;
  channel: string;
  owner: Owner;
  preview: { speaker: Speaker; text: string; at: string } | null;
  last_at: string;
  waiting_since: string | null;
  tags: string[];
  episode: Episode | null;
  window_closes_at: string | null;
  /** Until when a person may still write once the window has closed; null where nothing closes. */
  human_until?: string | null;
  snoozed_until?: string | null;
}

/** Whom a conversation may be passed on to. */
export interface Places {
  agents: Pick<Agent, "id" | "name" | "picture_url">[];
  teams: string[];
}

export type Delivery = "queued" | "sending" | "sent" | "failed" | "refused" | "withdrawn";

export interface Message {
  id: string | number;
  seq: number | null;
  speaker: Speaker;
  name: string | null;
  text: string;
  quick_replies: { title: string; payload: string }[];
  attachments: { kind: string; url: string | null; title: string | null }[];
  image_url: string | null;
  at: string;
  delivery: Delivery | null;
  error: string | null;
  read: boolean;
  key?: string | null;
  /** Until when its writer can take it back. */
  undo_until?: string | null;
}

/** A list somebody put together, and saved if it has a name; empty where it does not matter. */
export interface SavedView {
  name: string;
  order: "risk" | "latest";
  channel: string;
  reason: string;
  team: string;
  holder: string;
  snoozed: "" | "yes" | "no";
}

/** A canned starter; without a team it is everybody's. */
export interface Starter {
  name: string;
  text: string;
  team: string;
}

/** What an answer may begin with: starters filled in, and what was answered to similar questions. */
export interface OfferedStarters {
  starters: { name: string; text: string }[];
  similar: { asked: string; text: string; by: string | null; at: string }[];
}

/** Where words were found; `marks` are where they stand in `text`, in Unicode characters. */
export interface FoundHit {
  kind: "name" | "message" | "note";
  text: string;
  marks: [number, number][];
  by: string | null;
  at: string | null;
  seq: number | null;
}

export interface FoundTalk {
  item: Item;
  hits: FoundHit[];
}

/** Something that may never happen, found; `past` is done and can't be undone. */
export interface Finding {
  id: string;
  row: string;
  code: string;
  sentence: string;
  conversation_id: string | null;
  about: string | null;
  at: string;
  first_seen_at: string;
  last_seen_at: string;
  state: "open" | "repaired" | "over" | "past";
  ended_at: string | null;
}

export interface AuditReport {
  ran_at: string | null;
  every_s: number;
  took_ms: number;
  runs: number;
  behind: boolean;
  rows: { row: string; sentence: string; open: number; total: number; last_at: string | null }[];
  findings: Finding[];
  total: number;
  now: string;
}

/** A message that failed for a reason a person can mend. */
export interface Parked {
  id: string;
  conversation_id: string;
  name: string | null;
  channel: string;
  speaker: Speaker;
  agent: string | null;
  text: string;
  image_url: string | null;
  written_at: string;
  parked_at: string;
  attempts: number;
  reason: string | null;
  detail: string;
}

/** A channel's way out: open means that nothing is sent until `retry_at`. */
export interface Channel {
  channel: string;
  phase: "closed" | "open" | "probing";
  reason: string | null;
  since: string | null;
  retry_at: string | null;
}

export interface Note {
  id: string | number;
  agent: { id: string; name: string };
  text: string;
  at: string;
}

export interface Card {
  headline: string;
  facts: { label: string; value: string }[];
  wants: string[];
  objections: string[];
  promised: string[];
  before: string[];
  flow: { name: string; step: string; purpose: string } | null;
  next_question: string | null;
  history: { at: string; text: string }[];
  reading: { intent: string; confidence: number } | null;
  /** Who is asked about the open episode, or was when they took it, and why they. */
  asked: { agent_id: string; why: string[] } | null;
  /** The promises that govern the open handoff, and what comes next if nobody does anything. */
  promises: Governing | null;
}

export interface Governing {
  policy: string;
  because: string[];
  calendar: string;
  targets: { clock: "offer" | "accept" | "first_words" | "next_words"; seconds: number }[];
  next_rung: { at: string; place: string; does: string[] } | null;
}

/** Something that happened with a prospect; `conversation_id` that of another conversation of theirs. */
export interface TimelineLine {
  id: string;
  at: string;
  until: string | null;
  sort: "visit" | "person" | "flow" | "note" | "conversion" | "rating" | "consent" | "trouble";
  text: string;
  more: string;
  conversation_id: string | null;
}

export interface Colleague {
  id: string;
  name: string;
  presence: Presence;
  load: number;
}

/** A step of a flow; `name` is the flow's. */
export interface StepAhead {
  flow: string;
  name: string;
  step: string;
}

export interface Detail {
  item: Item;
  messages: Message[];
  pending: Message[];
  notes: Note[];
  card: Partial<Card> | null;
  resume: StepAhead[];
  now: string;
}

export type NoticeKind = "offer" | "alarm" | "message" | "lost" | "breach" | "push" | "page" | "mention" | "brake";

export type DeskFrame =
  | { type: "hello"; now: string; agents: Colleague[] }
  | { type: "conversation"; item: Item; now: string }
  | { type: "hidden"; conversation_id: string }
  | { type: "message"; conversation_id: string; message: Message }
  | { type: "typing"; conversation_id: string; who: string }
  | { type: "notice"; kind: NoticeKind; conversation_id: string; text: string; sound?: boolean; notice_id?: string | null }
  | { type: "presence"; agents: Colleague[] }
  | { type: "audit" }
  | { type: "undelivered" }
  | { type: "pong"; now: string };
