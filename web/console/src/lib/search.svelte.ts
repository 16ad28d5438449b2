import * as api from "./api.ts";
import { clock } from "./clock.svelte.ts";
import type { FoundTalk } from "./types.ts";

const AFTER_TYPING_MS = 180;

/** What somebody searches for, and what was found. The latest query wins, however late an answer to an older one comes. */
export class Search {
  query = $state("");
  state = $state<"idle" | "looking" | "ready" | "failed">("idle");
  found = $state.raw<FoundTalk[]>([]);
  error = $state("");
  #asked = 0;
  #soon: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly failed: (error: unknown) => void) {}

  get on(): boolean {
    return this.query.trim() !== "";
  }

  type(query: string): void {
    this.query = query;
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
    if (!this.on) this.clear();
    else this.#soon = setTimeout(() => void this.look(), AFTER_TYPING_MS);
  }

  clear(): void {
    this.#asked += 1;
    this.query = "";
    this.state = "idle";
    this.found = [];
  }

  /** A conversation that may not be shown any more. */
  drop(id: string): void {
    this.found = this.found.filter(({ item }) => item.id !== id);
  }

  async look(): Promise<void> {
    const asked = ++this.#asked;
    this.state = "looking";
    try {
      const { found, now } = await api.get<{ found: FoundTalk[]; now: string }>(`search?q=${encodeURIComponent(this.query.trim().slice(0, 200))}`);
      if (asked !== this.#asked) return;
      clock.heard(now);
      this.found = found;
      this.state = "ready";
    } catch (error) {
      if (asked !== this.#asked) return;
      this.error = api.wordsOf(error);
      this.state = "failed";
      this.failed(error);
    }
  }
}
