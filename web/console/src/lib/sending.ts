import { newKey } from "../../../shared/key.ts";
import * as api from "./api.ts";
import { changedLocal, confirmed, dropped, lastSeq, overtaken, wrote, type Chat, type Local } from "./chat.ts";
import { clock } from "./clock.svelte.ts";
import type { Message } from "./types.ts";

/** The chats that a desk holds, and how one is changed. */
export interface Chats {
  all: () => ReadonlyMap<string, Chat>;
  get: (id: string) => Chat;
  change: (id: string, how: (chat: Chat) => Chat) => void;
}

/** Sends what I write, one message after the other per conversation, so that they arrive in the order they were written. */
export class Sending {
  #busy = new Set<string>();

  constructor(
    private readonly chats: Chats,
    private readonly failed: (error: unknown) => void,
  ) {}

  say(id: string, text: string): void {
    this.chats.change(id, (chat) => wrote(chat, { key: newKey(), text, at: new Date(clock.now).toISOString(), state: "sending", error: "", seen: lastSeq(chat) }));
    void this.#send(id);
  }

  retry(id: string, key: string): void {
    this.chats.change(id, (chat) => changedLocal(chat, key, { state: "sending", error: "", seen: lastSeq(chat) }));
    void this.#send(id);
  }

  discard(id: string, key: string): void {
    this.chats.change(id, (chat) => dropped(chat, key));
  }

  /** The line is there again: whatever waited for it goes. */
  sendWaiting(): void {
    for (const [id, { locals }] of this.chats.all()) {
      if (!locals.some(({ state }) => state === "waiting")) continue;
      this.chats.change(id, (chat) => ({ ...chat, locals: chat.locals.map((one) => (one.state === "waiting" ? { ...one, state: "sending" } : one)) }));
      void this.#send(id);
    }
  }

  async #send(id: string): Promise<void> {
    if (this.#busy.has(id)) return;
    this.#busy.add(id);
    const next = (): Local | undefined => this.chats.get(id).locals.find(({ state }) => state === "sending");
    for (let local = next(); local; local = next()) {
      const { key, text, seen } = local;
      try {
        const { message } = await api.post<{ message: Message }>(`conversations/${encodeURIComponent(id)}/say`, { text, key, seen }, { again: false });
        this.chats.change(id, (chat) => confirmed(chat, key, message));
      } catch (error) {
        this.#unsent(id, key, error);
      }
    }
    this.#busy.delete(id);
  }

  /** Without a connection everything unsent waits for the next one; a refusal concerns one message. */
  #unsent(id: string, key: string, error: unknown): void {
    const words = api.wordsOf(error);
    if (api.isUnreachable(error)) {
      this.chats.change(id, (chat) => ({ ...chat, locals: chat.locals.map((one) => (one.state === "sending" ? { ...one, state: "waiting" } : one)) }));
    } else if (error instanceof api.ApiError && error.code === "wrote_meanwhile") this.chats.change(id, (chat) => overtaken(chat, key, words, error.messages));
    else this.chats.change(id, (chat) => changedLocal(chat, key, { state: "failed", error: words }));
    this.failed(error);
  }
}
