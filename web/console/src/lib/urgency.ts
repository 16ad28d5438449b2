import type { Item, View } from "./types.ts";

/** Whether a conversation belongs in a view of this agent. */
export function inView(item: Item, view: View, myId: string): boolean {
  if (view === "queue") return item.owner === "waiting";
  return view === "all" || (item.owner === "agent" && item.episode?.agent?.id === myId);
}

/** Smaller comes first. A complaint comes before everything else that waits, then whatever is due first; what is snoozed comes last. */
function rank({ episode, waiting_since, snoozed_until }: Item): [number, number] {
  if (snoozed_until) return [3, Date.parse(snoozed_until)];
  const due = episode?.clock ? Date.parse(episode.clock.due_at) : waiting_since ? Date.parse(waiting_since) + 1e12 : Infinity;
  return [due === Infinity ? 2 : episode?.reason === "complaint" ? 0 : 1, due];
}

export function byUrgency(a: Item, b: Item): number {
  const [[groupA, dueA], [groupB, dueB]] = [rank(a), rank(b)];
  return groupA - groupB || (dueA === dueB ? byNewest(a, b) : dueA - dueB);
}

/** `id` last, so that two rows of the same moment never swap places. */
export function byNewest(a: Item, b: Item): number {
  // The service writes every time in one way, in which they sort as text: parsing costs too much among tens of thousands.
  if (a.last_at !== b.last_at) return a.last_at < b.last_at ? 1 : -1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
