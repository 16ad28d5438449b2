export const STUDIO = "/api/studio";

export type Mode = "live" | "paused" | "draining" | "stopped";
export interface Head {
  flow: string;
  version: number;
  mode: Mode;
  reason: string;
  changed_by: string;
  changed_at: string;
  people?: number;
}
export interface Counted {
  reached: number;
  sent: number;
  delivered: number;
  read: number;
  replied: number;
  goal: number;
  opted_out: number;
  conversions: number;
  reply_rate: number | null;
  opt_out_rate: number | null;
  goal_rate: number | null;
}
export interface FlowFigures extends Counted {
  flow: string;
}
export interface FunnelRow extends Counted {
  key: string;
  reply: { p50_s: number | null };
  value: Record<string, string>;
}
export interface Funnel {
  rows: FunnelRow[];
  total: FunnelRow;
}
export interface Held {
  flow: string;
  step: string;
  reason: string;
  people: number;
}
export interface HeldBack {
  held: Held[];
  stalled: Held[];
  looked_at: number;
  all: boolean;
}
export interface Version {
  version: number;
  published_at: string;
  published_by: string;
  people: number;
  steps: Record<string, number>;
}
export interface Problem {
  file: string;
  line: number;
  column: number;
  field: string;
  message: string;
}
export interface Finding {
  file: string;
  line: number;
  column: number;
  step: string;
  rule: string;
  severity: "error" | "warning";
  message: string;
  suggestion: string;
  rewrite: string;
  reason: string;
  source: string;
}
export interface Wording {
  field: string;
  channel: string | null;
  language: string | null;
  bubbles: string[];
  choices: string[];
  score: number | null;
  why: { feature: string; says: string; points: number }[];
}
export interface Step {
  id: string;
  line: number;
  kind: string;
  purpose: string | null;
  about: string;
  words: Wording[];
  next: string[];
  score: number | null;
}
export interface Checked {
  problems: Problem[];
  findings: Finding[];
  steps: Step[];
  score: number | null;
  about: { name: string; goal: string } | null;
}
export interface Plan {
  version: number;
  people: { stay: number; move: number; exit: number };
  due_at_once: number;
  due_next_hour: number;
  due_next_day: number;
  groups: { version: number; step_id: string; fate: "stay" | "move" | "exit"; to_step: string | null; why: string; people: number }[];
}
export interface Outcome {
  version: number;
  new: boolean;
  moved: number;
  left: number;
}
export interface Experiment {
  flow: string;
  experiment: string;
  measure: "goal" | "reply";
  verdict: string;
  harmful: string[];
  arms: { arm: string; shown: number; settled: number; goal: number; reply: number; opt_out: number; complaint: number }[];
  stopped: Record<string, string>;
}
export interface Simulated {
  flow: string;
  version: number;
  setup: { channel: string };
  entered: number;
  people_written_to: number;
  replied: number;
  opted_out: number;
  complained: number;
  live: number;
  ends: Record<string, number>;
  steps: { step: string; kind: string; reached: number; said: number; replied: number; ended: number; opted_out: number; complained: number }[];
  days: { day: number; entered: number; unprompted: number; in_reply: number; other_flows: number; held: number; written: number; opted_out: number }[];
  held: { reason: string; why: string; times: number; people: number; steps: Record<string, number> }[];
  waits: { asked: number; came: number; never: number; median_s: number | null; p90_s: number | null; longest_s: number | null };
  paused: { flow: string; at: string; reason: string }[];
  characters: Record<string, Record<string, number>>;
  invented: string[];
  transcripts: { person: string; character: string; zone: string; language: string; ended: string; lines: { at: string; who: string; words: string }[] }[];
}
export interface Preview {
  columns: { column: string; is: string | null }[];
  first: Record<string, unknown>[];
  rows: number;
  rejected: number;
  rejections: { line: number; column: string; why: string }[];
}
export interface ImportState {
  id: string;
  finished_at: string | null;
  new?: number;
  merged?: number;
  unchanged?: number;
  rejected?: number;
  flow_held?: Record<string, number>;
  share: number;
  error: string | null;
}
export interface SegmentUse {
  flow: string;
  name: string;
  does: "starts" | "may_enter";
  field: string;
}
export interface SegmentsTold {
  segments: { id: string; says: string; flows: SegmentUse[]; people: number; opted_out: number }[];
  looked_at: number;
  all: boolean;
  at: string;
}
export interface SegmentPeople {
  segment: { id: string; says: string; flows: SegmentUse[] };
  people: { conversation_id: string; channel: string; external_id: string; name: string | null; tags: string[]; last_wrote_at: string | null; opted_out_at: string | null }[];
  next: string | null;
  looked_at: number;
}
export interface SourceRow {
  key: string;
  people: number;
  wrote_back: number;
  enrolled: number;
  goal: number;
  opted_out: number;
  won: number;
  lost: number;
  later: number;
  no_fit: number;
  conversions: number;
  conversion_rate: number | null;
  opt_out_rate: number | null;
  value: Record<string, string>;
}
export interface SourcesTold {
  by: string;
  rows: SourceRow[];
  total: SourceRow;
}
export interface BehindOne {
  conversation_id: string;
  at: string;
  value?: string;
  currency?: string;
}
export interface EventsPreview {
  columns: Preview["columns"];
  first: { line: number; name: string; prospect: { conversation_id?: string; channel?: string; external_id?: string }; properties?: Record<string, string | number | boolean> }[];
  rows: number;
  rejected: number;
  rejections: Preview["rejections"];
}
/** How far a file of events is told; the last one has `done`. */
export interface EventsTold {
  import?: { id: string };
  line: number;
  new: number;
  known: number;
  rejected: number;
  rejections: { line: number; field: string; why: string }[];
  done?: boolean;
}
