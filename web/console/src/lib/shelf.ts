import type { Item, View } from "./types.ts";
import { byNewest, byUrgency, inView } from "./urgency.ts";

/** What waits or is with somebody: the queue and everybody's own are among it. */
const isOpen = ({ owner }: Item): boolean => owner === "waiting" || owner === "agent";

/** The conversations that a desk knows, kept in order: sorting tens of thousands anew for each change would be felt. */
export class Shelf {
  #known = new Map<string, Item>();
  /** All of them, newest first. `byNewest` never calls two of them equal. */
  #newest: Item[] = [];
  #open = new Map<string, Item>();

  get(id: string): Item | undefined {
    return this.#known.get(id);
  }

  /** How many wait for a person. */
  get waiting(): number {
    return [...this.#open.values()].filter(({ owner }) => owner === "waiting").length;
  }

  /** The rows of a view: queue and mine by urgency, all by the latest words. */
  rows(view: View, myId: string): Item[] {
    if (view === "all") return this.#newest.slice();
    return [...this.#open.values()].filter((item) => inView(item, view, myId)).sort(byUrgency);
  }

  put(item: Item): void {
    this.remove(item.id);
    this.#known.set(item.id, item);
    this.#newest.splice(this.#place(item), 0, item);
    if (isOpen(item)) this.#open.set(item.id, item);
  }

  /**
   * A view was fetched whole: what we believed to be in it and is not any more goes, since its change was missed while
   * the line was down. What was told since it was asked for (`newer`) stays as it is.
   */
  refresh(fetched: readonly Item[], view: View, myId: string, newer: (id: string) => boolean = () => false): void {
    const there = new Set(fetched.map(({ id }) => id));
    for (const { id } of view === "all" ? [] : this.rows(view, myId)) if (!there.has(id) && !newer(id)) this.remove(id);
    for (const item of fetched) if (!newer(item.id)) this.put(item);
  }

  remove(id: string): void {
    const item = this.#known.get(id);
    if (!item) return;
    this.#newest.splice(this.#place(item), 1);
    this.#known.delete(id);
    this.#open.delete(id);
  }

  /** Where it stands among all, or would stand. */
  #place(item: Item): number {
    let [low, high] = [0, this.#newest.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = this.#newest[middle];
      if (there && byNewest(there, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
