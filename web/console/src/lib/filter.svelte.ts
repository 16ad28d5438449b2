import * as api from "./api.ts";
import type { Item, SavedView } from "./types.ts";

export const ALL: SavedView = { name: "", order: "latest", channel: "", reason: "", team: "", holder: "", snoozed: "" };
const AGAIN_AFTER_MS = 700;

/** What a view asks the service; fields that do not matter are left out. */
export function queryOf(view: SavedView): string {
  const fields = ["order", "channel", "reason", "team", "holder", "snoozed"] as const;
  return new URLSearchParams(fields.filter((name) => view[name] !== "").map((name) => [name, view[name]])).toString();
}

export const sameFilter = (one: SavedView, other: SavedView): boolean => queryOf(one) === queryOf(other);

/** The list somebody put together: what it asks for, what it shows, and the ones they saved. */
export class Filter {
  wanted = $state.raw<SavedView>(ALL);
  ids = $state.raw<readonly string[]>([]);
  state = $state<"loading" | "ready" | "failed">("ready");
  error = $state("");
  next = $state<string | null>(null);
  views = $state.raw<SavedView[]>([]);
  #asked = 0;
  #again: ReturnType<typeof setTimeout> | null = null;
  #fetching = false;

  constructor(
    /** Called when a list is asked for; what it gives is called with the answer. */
    private readonly asking: () => (items: Item[], now: string) => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Whether anything but everything is asked for. */
  get on(): boolean {
    return !sameFilter(this.wanted, ALL);
  }

  set(wanted: SavedView): void {
    this.wanted = { ...wanted };
    this.#asked += 1;
    this.ids = [];
    this.next = null;
    if (this.on) void this.fetch();
  }

  /** The first page, or the one at `cursor`, which comes behind what is shown. */
  async fetch(cursor: string | null = null): Promise<void> {
    const asked = this.#asked;
    if (this.#fetching && cursor !== null) return;
    this.#fetching = true;
    if (this.ids.length === 0) this.state = "loading";
    const known = this.asking();
    try {
      const page = await api.get<{ items: Item[]; next: string | null; now: string }>(`conversations/filtered?${queryOf(this.wanted)}${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`);
      if (asked !== this.#asked) return;
      known(page.items, page.now);
      const ids = page.items.map(({ id }) => id);
      const kept = cursor === null ? [] : this.ids.filter((id) => !ids.includes(id));
      this.ids = [...kept, ...ids];
      this.next = page.next;
      this.state = "ready";
    } catch (error) {
      if (asked !== this.#asked) return;
      this.error = api.wordsOf(error);
      if (this.ids.length === 0) this.state = "failed";
      this.failed(error);
    } finally {
      this.#fetching = false;
    }
  }

  /** Something changed: whether it belongs here, and where, only the service knows. */
  changed(): void {
    if (!this.on || this.#again !== null) return;
    this.#again = setTimeout(() => {
      this.#again = null;
      if (this.on) void this.fetch();
    }, AGAIN_AFTER_MS);
  }

  async loadViews(): Promise<void> {
    try {
      this.views = (await api.get<{ views: SavedView[] }>("views")).views;
    } catch (error) {
      api.wordsOf(error);
      this.failed(error);
    }
  }

  /** Saves what is shown under a name; one of that name is replaced. Throws what the service says against it. */
  async save(name: string): Promise<void> {
    const others = this.views.filter((view) => view.name.toLowerCase() !== name.toLowerCase());
    await this.#put([...others, { ...this.wanted, name }]);
  }

  async forget(name: string): Promise<void> {
    await this.#put(this.views.filter((view) => view.name !== name));
  }

  async #put(views: SavedView[]): Promise<void> {
    this.views = (await api.put<{ views: SavedView[] }>("views", { views })).views;
  }
}
