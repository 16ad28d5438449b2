import type { Card, Detail, Message, Note, StepAhead } from "./types.ts";

/** What I wrote and the service has not confirmed. `waiting`: no connection, sent by itself later, under the same key. `asking`: somebody wrote meanwhile. */
export interface Local {
  key: string;
  text: string;
  at: string;
  state: "sending" | "waiting" | "asking" | "failed";
  error: string;
  /** The last seq I had before me when I wrote it, or when I said to send it all the same; null while the talk was loading. */
  seen: number | null;
}

/** One conversation as the desk holds it. The functions below give a new one and change nothing. */
export interface Chat {
  state: "loading" | "ready" | "failed";
  error: string;
  messages: readonly Message[];
  locals: readonly Local[];
  notes: readonly Note[];
  card: Partial<Card> | null;
  /** Where the talk can go on after a person. */
  resume: StepAhead[];
  typing: { who: string; until: number } | null;
  /** Whether there may be earlier messages to fetch. */
  earlier: boolean;
}

export const NEW_CHAT: Chat = { state: "loading", error: "", messages: [], locals: [], notes: [], card: null, resume: [], typing: null, earlier: true };

const onItsWay = (message: Message): boolean => message.delivery === "queued" || message.delivery === "sending";

/** Sent ones by seq; what is still to be sent behind them; what was never sent, and has no seq, at the time it was written. */
function ordered(messages: readonly Message[]): Message[] {
  const sent = messages.filter(({ seq }) => seq !== null).sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
  const unsent = messages.filter(({ seq }) => seq === null).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  for (const message of unsent.filter((one) => !onItsWay(one))) {
    const next = sent.findIndex(({ at }) => Date.parse(at) > Date.parse(message.at));
    sent.splice(next === -1 ? sent.length : next, 0, message);
  }
  return [...sent, ...unsent.filter(onItsWay)];
}

/** Each message once by its id, the later copy winning, in the order they belong. */
export function merge(known: readonly Message[], more: readonly Message[]): Message[] {
  const byId = new Map(known.map((message) => [String(message.id), message]));
  for (const message of more) byId.set(String(message.id), { ...byId.get(String(message.id)), ...message });
  return ordered([...byId.values()]);
}

/** The local that this message confirms: by key, or, from a service that sends none, the oldest one with the same words. */
function confirmedBy(chat: Chat, message: Message): Local | undefined {
  if (message.speaker !== "agent" || chat.messages.some(({ id }) => String(id) === String(message.id))) return undefined;
  return message.key ? chat.locals.find(({ key }) => key === message.key) : chat.locals.find(({ text, state }) => state === "sending" && text === message.text);
}

/** Who spoke, by the name that typing frames carry. */
const speakerOf = (message: Message): string => (message.speaker === "agent" ? (message.name ?? "") : message.speaker);

/** A message arrived or changed; dots end when the one who typed has spoken. It may overtake the answer to our own request, and still shows once. */
export function heard(chat: Chat, message: Message): Chat {
  const mine = confirmedBy(chat, message);
  return {
    ...chat,
    messages: merge(chat.messages, [message]),
    locals: mine ? chat.locals.filter((local) => local !== mine) : chat.locals,
    typing: chat.typing?.who === speakerOf(message) ? null : chat.typing,
  };
}

export const loaded = (chat: Chat, detail: Detail): Chat => {
  // What I sent a moment ago may be younger than this answer.
  const waits = ({ undo_until }: Message): boolean => !!undo_until && Date.parse(undo_until) > Date.parse(detail.now);
  const messages = merge(chat.messages.filter((message) => message.seq !== null || waits(message)), [...detail.messages, ...detail.pending]);
  const keys = new Set(messages.map((message) => message.key));
  const locals = chat.locals.filter((local) => !keys.has(local.key));
  return { ...chat, state: "ready", error: "", messages, locals, notes: detail.notes, card: detail.card, resume: detail.resume, earlier: detail.messages.length > 0 && chat.earlier };
};

export const earlierLoaded = (chat: Chat, more: readonly Message[]): Chat => ({ ...chat, messages: merge(chat.messages, more), earlier: more.length > 0 });

export const wrote = (chat: Chat, local: Local): Chat => ({ ...chat, locals: [...chat.locals, local] });

export const confirmed = (chat: Chat, key: string, message: Message): Chat => ({
  ...heard(chat, { ...message, key: message.key ?? key }),
  locals: chat.locals.filter((local) => local.key !== key),
});

export const changedLocal = (chat: Chat, key: string, change: Partial<Local>): Chat => ({
  ...chat,
  locals: chat.locals.map((local) => (local.key === key ? { ...local, ...change } : local)),
});

export const dropped = (chat: Chat, key: string): Chat => ({ ...chat, locals: chat.locals.filter((local) => local.key !== key) });

/** These words were taken back before they left. */
export const takenBack = (chat: Chat, key: string): Chat => ({ ...chat, messages: chat.messages.filter((message) => message.key !== key || message.speaker !== "agent") });

/** The last seq on the screen, 0 before there is one; null while it is still loading. */
export const lastSeq = (chat: Chat): number | null => chat.state !== "ready" ? null : chat.messages.reduce((last, { seq }) => Math.max(last, seq ?? 0), 0);

/** Somebody wrote meanwhile: their words are shown, and this one, with what I wrote behind it, waits for my word. */
export const overtaken = (chat: Chat, key: string, error: string, messages: readonly Message[]): Chat => {
  const at = chat.locals.findIndex((local) => local.key === key);
  const asking = (local: Local, i: number): Local => (i === at || (i > at && local.state === "sending") ? { ...local, state: "asking", error } : local);
  return { ...chat, messages: merge(chat.messages, messages), locals: chat.locals.map(asking) };
};

/** The seq to ask earlier messages from. */
export const firstSeq = (chat: Chat): number | null => chat.messages.find((message) => message.seq !== null)?.seq ?? null;
