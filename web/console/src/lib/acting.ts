import * as api from "./api.ts";
import type { Chats } from "./sending.ts";
import type { Agent, Item, Note, Outcome, StepAhead } from "./types.ts";
import type { Undoing } from "./undoing.ts";

/** What I do with a conversation beside writing in it. Each throws what the service says against it. */
export class Acting {
  constructor(
    private readonly me: Agent,
    private readonly chats: Chats,
    private readonly undoing: Undoing,
    private readonly items: { get: (id: string) => Item | undefined; put: (item: Item) => void; refresh: (id: string) => void },
  ) {}

  /** `aboveCapacity` is why a supervisor takes more than they have room for. */
  async take(id: string, aboveCapacity = ""): Promise<void> {
    const body = aboveCapacity === "" ? {} : { above_capacity: aboveCapacity };
    const { item } = await this.#post(id, "take", body);
    this.items.put(item);
    this.undoing.did("take", item, `You have ${item.name ?? "it"} now.`);
  }

  async #pass(id: string, where: { to: string } | { team: string }, note: string): Promise<Item> {
    const { item } = await this.#post(id, "transfer", { ...where, note });
    this.items.put(item);
    this.items.refresh(id);
    return item;
  }

  /** To a colleague or a team, whose name is `called`; it can be undone until somebody has taken it. */
  async passOn(id: string, where: { to: string } | { team: string }, note: string, called: string): Promise<void> {
    const item = await this.#pass(id, where, note);
    this.undoing.did("transfer", item, `${item.name ?? "It"} is passed on to ${called}.`);
  }

  /** Whoever holds it lets go of it to me. `aboveCapacity` as in `take`. */
  async takeOver(id: string, aboveCapacity = ""): Promise<void> {
    const episode = this.items.get(id)?.episode;
    if (episode?.status === "accepted" && episode.agent?.id !== this.me.id) await this.#pass(id, { to: this.me.id }, "");
    await this.take(id, aboveCapacity);
  }

  async snooze(id: string, until: Date | null): Promise<void> {
    const { item } = await this.#post(id, "snooze", { until: until?.toISOString() ?? null });
    this.items.put(item);
    if (until) this.undoing.did("snooze", item, `${item.name ?? "It"} is snoozed.`);
  }

  /** `worth`: what the outcome is worth, in the currency of the settings. */
  async giveBack(id: string, back: { summary: string; outcome: Outcome; worth: number | null; promised: string[]; resume: StepAhead | null }): Promise<void> {
    const { summary, outcome, worth: value, promised, resume } = back;
    const goOn = resume && { flow: resume.flow, step: resume.step };
    const { item } = await this.#post(id, "give-back", { summary, outcome, value, slots: {}, promised, resume: goOn });
    this.items.put(item);
    this.undoing.did("give_back", item, `The bot has ${item.name ?? "it"} again.`);
  }

  /** A whisper is told to whoever holds the conversation. */
  async addNote(id: string, text: string, whisper = false): Promise<void> {
    const { note } = await api.post<{ note: Note }>(`conversations/${encodeURIComponent(id)}/note`, { text, whisper });
    this.chats.change(id, (chat) => ({ ...chat, notes: [...chat.notes.filter((one) => one.id !== note.id), note] }));
  }

  async #post(id: string, act: string, body: object): Promise<{ item: Item }> {
    return api.post<{ item: Item }>(`conversations/${encodeURIComponent(id)}/${act}`, body);
  }
}
