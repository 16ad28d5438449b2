import type { Agent, Message, Owner, Persona, ServerFrame } from "./protocol.ts";

/** Something the prospect wrote that the service has not confirmed yet. `at`: ISO 8601. */
export interface Draft {
  key: string;
  text: string;
  payload: string | null;
  at: string;
  /** Why the service would not take it, in words; null while it is on its way. */
  refused: string | null;
}

/** All the widget knows about its conversation. Every function below gives a new one and changes nothing. */
export interface Talk {
  persona: Persona | null;
  owner: Owner;
  agent: Agent | null;
  /** By `seq`, each once. */
  messages: readonly Message[];
  /** In the order they were written. */
  drafts: readonly Draft[];
  typing: { name: string | null } | null;
  /** The highest seq the person has seen. */
  readUpTo: number;
}

export const EMPTY: Talk = { persona: null, owner: "bot", agent: null, messages: [], drafts: [], typing: null, readUpTo: 0 };

/** Puts messages in: ordered by seq, each seq and each key once, a later copy replacing an earlier one. */
export function merge(known: readonly Message[], more: readonly Message[]): Message[] {
  const bySeq = new Map(known.map((message) => [message.seq, message]));
  for (const message of more) {
    const before = bySeq.get(message.seq);
    bySeq.set(message.seq, before?.key && !message.key ? { ...message, key: before.key } : message);
  }
  const keys = new Set<string>();
  return [...bySeq.values()]
    .sort((a, b) => a.seq - b.seq)
    .filter(({ key }) => !key || (!keys.has(key) && keys.add(key)));
}

const confirmed = (talk: Talk, messages: readonly Message[]): Talk => {
  const keys = new Set(messages.map((message) => message.key));
  return { ...talk, messages, drafts: talk.drafts.filter((draft) => !keys.has(draft.key)) };
};

/** Messages heard, live or from another tab. Words from the other side end their typing dots. */
export function heard(talk: Talk, more: readonly Message[]): Talk {
  const next = confirmed(talk, merge(talk.messages, more));
  return more.some((message) => message.speaker !== "prospect") ? { ...next, typing: null } : next;
}

/** `asked`: the seq after which messages were asked for; from 0 the answer is the whole talk and replaces ours. */
export function welcomed(talk: Talk, frame: Extract<ServerFrame, { type: "welcome" }>, asked: number): Talk {
  const before = asked === 0 ? [] : talk.messages;
  const { persona, owner, agent } = frame;
  const next = { ...confirmed(talk, merge(before, frame.messages)), persona, owner, agent, typing: null };
  return asked === 0 ? { ...next, readUpTo: Math.min(next.readUpTo, lastSeq(next)) } : next;
}

export function said(talk: Talk, draft: Draft): Talk {
  if (talk.drafts.some(({ key }) => key === draft.key) || talk.messages.some(({ key }) => key === draft.key)) return talk;
  return { ...talk, drafts: [...talk.drafts, draft] };
}

/** The service confirmed a draft: it becomes a message of ours. A second confirmation changes nothing. */
export function stored(talk: Talk, key: string, seq: number, at: string): Talk {
  const draft = talk.drafts.find((one) => one.key === key);
  if (!draft) return talk;
  const message: Message = {
    seq, key, at, speaker: "prospect", name: null, picture_url: null, text: draft.text, quick_replies: [], image_url: null,
  };
  return heard(talk, [message]);
}

export const refused = (talk: Talk, key: string, words: string | null): Talk => ({
  ...talk,
  drafts: talk.drafts.map((draft) => (draft.key === key ? { ...draft, refused: words } : draft)),
});

export const discarded = (talk: Talk, key: string): Talk => ({ ...talk, drafts: talk.drafts.filter((draft) => draft.key !== key) });

export const seen = (talk: Talk, upTo: number): Talk => (upTo > talk.readUpTo ? { ...talk, readUpTo: upTo } : talk);

export const lastSeq = (talk: Talk): number => talk.messages.at(-1)?.seq ?? 0;

export const unread = (talk: Talk): number =>
  talk.messages.filter((message) => message.speaker !== "prospect" && message.seq > talk.readUpTo).length;

/**
 * The seq to ask from after a loss: the end of the unbroken run that we hold.
 *
 * Behind a gap something may be missing (frames of two services can cross), so we ask again from before the gap; what
 * we have already is dropped by its seq.
 */
export function resumeAfter(messages: readonly Message[]): number {
  let end = 0;
  for (const { seq } of messages) {
    if (end !== 0 && seq !== end + 1) break;
    end = seq;
  }
  return end;
}

/** The quick replies on offer: those of the last message, while nothing has been answered to it. */
export function offeredReplies(talk: Talk): Message["quick_replies"] {
  const last = talk.messages.at(-1);
  return !last || last.speaker === "prospect" || talk.drafts.length > 0 ? [] : last.quick_replies;
}
