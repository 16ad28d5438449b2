/** The frames of the widget's socket, as the service speaks them. Times are ISO 8601 in UTC. */

export type Owner = "bot" | "waiting" | "agent" | "closed";

export interface QuickReply {
  title: string;
  payload: string;
}

export interface Message {
  seq: number;
  speaker: "prospect" | "bot" | "agent";
  name: string | null;
  picture_url: string | null;
  text: string;
  quick_replies: QuickReply[];
  image_url: string | null;
  at: string;
  key?: string | null;
}

export interface Agent {
  name: string;
  picture_url: string | null;
}

export interface Persona extends Agent {
  tagline: string | null;
}

export type ServerFrame =
  | { type: "welcome"; token: string; persona: Persona; messages: Message[]; owner: Owner; agent: Agent | null; now: string }
  | { type: "stored"; key: string; seq: number; at: string }
  | { type: "message"; message: Message }
  | { type: "typing"; on: boolean; name: string | null }
  | { type: "owner"; owner: Owner; agent: Agent | null }
  | { type: "error"; code: string; message: string; key?: string | null; after_s?: number }
  | { type: "transcript"; name: string; text: string }
  | { type: "pong" };

export interface Page {
  url: string;
  referrer: string;
}

export type ClientFrame =
  | { type: "hello"; token: string | null; after: number; locale: string; zone: string; page: Page; landing: Page }
  | { type: "say"; key: string; text: string; payload: string | null }
  | { type: "typing" }
  | { type: "transcript" }
  | { type: "read"; up_to: number };

/** The most characters of one message. */
export const TEXT_LIMIT = 4000;

const MARKS = /^(utm_(source|medium|campaign|term|content)|ref|gclid|fbclid)$/;

/** What is told of a page: its address and where the person came from, with no query but the campaign's marks. */
export function pageOf(href: string, referrer: string): Page {
  const url = new URL(href);
  for (const name of [...url.searchParams.keys()]) if (!MARKS.test(name)) url.searchParams.delete(name);
  const from = URL.canParse(referrer) ? new URL(referrer) : null;
  return { url: (url.origin + url.pathname + url.search).slice(0, 500), referrer: from ? (from.origin + from.pathname).slice(0, 500) : "" };
}

/** Whether a page's address says where its link was put. */
export function isMarked(page: Page): boolean {
  return page.url.includes("?");
}
