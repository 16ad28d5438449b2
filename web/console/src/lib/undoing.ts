import * as api from "./api.ts";
import { takenBack, type Chat } from "./chat.ts";
import { clock } from "./clock.svelte.ts";
import { draftOf, putBack } from "./draft.ts";
import type { Notices } from "./notices.svelte.ts";
import { router } from "./router.svelte.ts";
import type { Chats } from "./sending.ts";
import type { Item } from "./types.ts";
import { lastUndoable, OFFERED_FOR_MS, stands, type UndoAct, type Undoable } from "./undo.ts";

/** Takes back what I just did, where that is still true. */
export class Undoing {
  #acts: Undoable[] = [];
  #boxes = new Map<string, (words: string) => void>();

  constructor(
    private readonly me: { id: string; name: string },
    private readonly chats: Chats,
    private readonly notices: Notices,
    private readonly changed: { item: (item: Item) => void; chat: (id: string) => void; failed: (error: unknown) => void },
  ) {}

  /** I did something that can be taken back; whatever was offered before about the same conversation is history. */
  did(act: UndoAct, { id }: Item, said: string): void {
    const one = { conversation: id, act, key: null, until: clock.now + OFFERED_FOR_MS };
    this.#acts = [...this.#acts.filter(({ conversation, until }) => conversation !== id && until > clock.now), one];
    this.notices.show("done", said, id, one);
  }

  /** A conversation has changed: what can't be taken back any more is offered no more. */
  changedTo(item: Item): void {
    this.#forget(({ conversation, act }) => conversation === item.id && !stands(act, item, this.me.id));
  }

  /** I write to the prospect, so having taken it is no slip. */
  wrote(id: string): void {
    this.#forget(({ conversation, act }) => conversation === id && act === "take");
  }

  #forget(stale: (one: Undoable) => boolean): void {
    this.#acts = this.#acts.filter((one) => !stale(one));
    this.notices.drop(({ undo }) => undo !== null && stale(undo));
  }

  /** If it is not true any more it is said why not. Words come back into the box. */
  async undo(one: Undoable): Promise<void> {
    const { conversation: id, act, key } = one;
    this.#acts = this.#acts.filter((each) => each !== one);
    this.notices.drop(({ undo }) => undo === one);
    const words = this.chats.get(id).messages.find((message) => message.key === key && message.speaker === "agent")?.text;
    try {
      const { item } = await api.post<{ item: Item }>(`conversations/${encodeURIComponent(id)}/undo`, key === null ? { act } : { act, key });
      this.changed.item(item);
      if (act !== "send" || key === null) return;
      this.chats.change(id, (chat: Chat) => takenBack(chat, key));
      if (words) this.#intoBox(id, words);
    } catch (error) {
      this.notices.show("lost", api.wordsOf(error), id === router.id ? "" : id);
      this.changed.failed(error);
    } finally {
      this.changed.chat(id);
    }
  }

  /** Takes back the last thing I did that can be, or the last words I sent here. False if there is none. */
  last({ words = false } = {}): boolean {
    const id = router.id;
    const open = id === null ? null : { id, messages: this.chats.get(id).messages };
    const one = lastUndoable(open, words ? [] : this.#acts, this.me.name, clock.now);
    if (one) void this.undo(one);
    return one !== null;
  }

  /** Somebody writes in a box for this conversation; gives what ends that. */
  writes(id: string, put: (words: string) => void): () => void {
    this.#boxes.set(id, put);
    return () => this.#boxes.delete(id);
  }

  #intoBox(id: string, words: string): void {
    const put = this.#boxes.get(id);
    if (put) put(words);
    else sessionStorage.setItem(draftOf(id), putBack(words, sessionStorage.getItem(draftOf(id)) ?? ""));
  }
}
