import * as api from "./api.ts";
import { clock } from "./clock.svelte.ts";
import type { Channel, Parked } from "./types.ts";

const AGAIN_AFTER_MS = 300;

interface Answer {
  messages: Parked[];
  total: number;
  channels: Channel[];
  now: string;
}

/** What could not be delivered, as an admin keeps an eye on it. */
export class Undelivered {
  messages = $state.raw<Parked[] | null>(null);
  total = $state(0);
  channels = $state.raw<Channel[]>([]);
  trouble = $state("");
  onHold = $derived(this.channels.filter(({ phase }) => phase !== "closed"));

  #soon: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly failed: (error: unknown) => void) {}

  async load(): Promise<void> {
    try {
      const { messages, total, channels, now } = await api.get<Answer>("undelivered");
      clock.heard(now);
      [this.messages, this.total, this.channels, this.trouble] = [messages, total, channels, ""];
    } catch (error) {
      this.trouble = api.wordsOf(error);
      this.failed(error);
    }
  }

  /** Something changed; a flood of changes is asked about once. */
  changed(): void {
    if (this.#soon !== null) return;
    this.#soon = setTimeout(() => {
      this.#soon = null;
      void this.load();
    }, AGAIN_AFTER_MS);
  }

  async sendAgain(id: string): Promise<void> {
    await this.#act(id, "send-again");
  }

  async letGo(id: string): Promise<void> {
    await this.#act(id, "let-go");
  }

  async #act(id: string, what: "send-again" | "let-go"): Promise<void> {
    try {
      await api.post(`undelivered/${encodeURIComponent(id)}/${what}`);
      this.messages = this.messages?.filter((one) => one.id !== id) ?? null;
    } finally {
      await this.load();
    }
  }
}
