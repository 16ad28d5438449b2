import type { Item, Message } from "./types.ts";

export type UndoAct = "send" | "take" | "give_back" | "transfer" | "snooze";

/** Something I did and can take back for a moment. `key` is that of words; `until` is by the service's clock. */
export interface Undoable {
  conversation: string;
  act: UndoAct;
  key: string | null;
  until: number;
}

/** For so long taking, giving back, passing on and snoozing are offered to be undone; the service may still say that it is too late. */
export const OFFERED_FOR_MS = 15_000;

/** Until when I can take back this message, by the service's clock; null for what has left, or is not mine. */
export function undoableUntil(message: Message, myName: string, now: number): number | null {
  if (message.speaker !== "agent" || message.name !== myName || !message.undo_until || !message.key) return null;
  const until = Date.parse(message.undo_until);
  return message.delivery === "queued" && until > now ? until : null;
}

/** Whether an act of mine still stands, so that undoing it has a sense: nobody has moved the conversation on since. */
export function stands(act: UndoAct, item: Item, myId: string): boolean {
  const mine = item.owner === "agent" && item.episode?.agent?.id === myId;
  if (act === "take") return mine;
  if (act === "snooze") return mine && item.snoozed_until !== null;
  if (act === "transfer") return item.owner === "waiting";
  return act === "send" || item.owner === "bot" || item.owner === "closed";
}

/** What "undo" means now: the latest of my words here that have not left, else the latest thing I did. */
export function lastUndoable(open: { id: string; messages: readonly Message[] } | null, acts: readonly Undoable[], myName: string, now: number): Undoable | null {
  const message = open?.messages.findLast((one) => undoableUntil(one, myName, now) !== null);
  if (open && message) return { conversation: open.id, act: "send", key: message.key ?? null, until: undoableUntil(message, myName, now) ?? now };
  return acts.findLast(({ until }) => until > now) ?? null;
}
