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
  | { type: "error"; code: string; message: string; key?: string | null }
  | { type: "pong" };

export interface Page {
  url: string;
  ref: string;
  utm: Record<string, string>;
}

export type ClientFrame =
  | { type: "hello"; token: string | null; after: number; locale: string; zone: string; page: Page }
  | { type: "say"; key: string; text: string; payload: string | null }
  | { type: "typing" }
  | { type: "read"; up_to: number };

/** The most characters of one message. */
export const TEXT_LIMIT = 4000;

/** The page a prospect came from, with its campaign marks: `?utm_source=a` gives `{source: "a"}`. */
export function pageOf(href: string, referrer: string): Page {
  const query = new URL(href).searchParams;
  const utm: Record<string, string> = {};
  for (const [name, value] of query) if (name.startsWith("utm_")) utm[name.slice(4)] = value.slice(0, 200);
  return { url: href.slice(0, 2000), ref: query.get("ref")?.slice(0, 200) ?? referrer.slice(0, 2000), utm };
}
