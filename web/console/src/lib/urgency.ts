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

/** The rows of a view: queue and mine by urgency, all by the latest words. */
export const rowsOf = (items: Iterable<Item>, view: View, myId: string): Item[] =>
  [...items].filter((item) => inView(item, view, myId)).sort(view === "all" ? byNewest : byUrgency);

/**
 * The known conversations after a view was fetched whole: what we believed to be in it and is not any more goes, since
 * its change was missed while the line was down.
 */
export function refreshed(known: ReadonlyMap<string, Item>, fetched: readonly Item[], view: View, myId: string): Map<string, Item> {
  const there = new Set(fetched.map((item) => item.id));
  const next = new Map([...known].filter(([id, item]) => view === "all" || there.has(id) || !inView(item, view, myId)));
  for (const item of fetched) next.set(item.id, item);
  return next;
}
