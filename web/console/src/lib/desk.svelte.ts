import { Link, type LinkState } from "../../../shared/link.ts";
import { Acting } from "./acting.ts";
import { untilDone } from "./again.ts";
import { alerts } from "./alerts.svelte.ts";
import * as api from "./api.ts";
import { Audit } from "./audit.svelte.ts";
import { attention } from "./attention.ts";
import { earlierLoaded, firstSeq, heard, lastSeq, loaded, NEW_CHAT, type Chat } from "./chat.ts";
import { clock } from "./clock.svelte.ts";
import { Filter } from "./filter.svelte.ts";
import { News } from "./news.ts";
import { Notices, type Notice } from "./notices.svelte.ts";
import { router } from "./router.svelte.ts";
import { Search } from "./search.svelte.ts";
import { Sending, type Chats } from "./sending.ts";
import { Shelf } from "./shelf.ts";
import type { Agent, Colleague, DeskFrame, Detail, Item, Message, Presence, View } from "./types.ts";
import { Undelivered } from "./undelivered.svelte.ts";
import type { Undoable } from "./undo.ts";
import { Undoing } from "./undoing.ts";

interface List {
  state: "loading" | "ready" | "failed";
  error: string;
  /** Where the next page of this view starts, or null at its end. */
  next: string | null;
}

const TYPING_EVERY_MS = 3000;
const TYPING_LASTS_MS = 6000;
/** As many as the service gives of a list at once. */
const PAGE_LENGTH = 50;
/** As many messages as the service gives at once. */
const MESSAGES_LENGTH = 100;
const REFRESH_AFTER_MS = 400;

const NEW_LIST: List = { state: "loading", error: "", next: null };

/** The desk of one signed-in agent: conversations, chats, the line to the service, and what the agent does. */
export class Desk {
  presence = $state<Presence>("away");
  /** In which agents say what an outcome is worth. */
  currency = $state("");
  lists = $state.raw<Record<View, List>>({ queue: NEW_LIST, mine: NEW_LIST, all: NEW_LIST });
  chats = $state.raw<ReadonlyMap<string, Chat>>(new Map());
  colleagues = $state.raw<Colleague[]>([]);
  /** For admins alone. */
  readonly audit: Audit | null;
  readonly undelivered: Undelivered | null;
  readonly filter = new Filter(
    () => this.#learning(),
    (error) => this.#signedOutBy(error),
  );
  /** What supervisors watch; it asks for nothing until it is shown. */
  readonly board = new Filter(
    () => this.#learning(),
    (error) => this.#signedOutBy(error),
  );
  readonly search = new Search((error) => this.#signedOutBy(error));
  link = $state<LinkState>("idle");
  retryAt = $state<number | null>(null);
  waiting = $derived.by(() => this.items.waiting);

  /** One shelf for good; the frame around it is new with each change, so that what is drawn from it is drawn again. */
  #held = $state.raw({ shelf: new Shelf() });
  #notices = new Notices();
  readonly #theirs: Chats = { all: () => this.chats, get: (id) => this.chat(id), change: (id, how) => this.#chat(id, how) };
  readonly sending = new Sending(this.#theirs, (error) => this.#signedOutBy(error));
  readonly undoing: Undoing;
  readonly acting: Acting;
  readonly #news = new News();
  #socket: Link<DeskFrame>;
  #typedAt = 0;
  #lives = 0;
  #refreshing: ReturnType<typeof setTimeout> | null = null;

  constructor(
    readonly me: Agent,
    presence: Presence,
    private readonly signedOut: () => void,
  ) {
    this.presence = presence;
    this.undoing = new Undoing(me, this.#theirs, this.#notices, {
      item: (item) => this.#item(item),
      chat: (id) => void (this.chats.has(id) && this.load(id)),
      failed: (error) => this.#signedOutBy(error),
    });
    const items = { get: (id: string) => this.items.get(id), put: (item: Item) => this.#item(item), refresh: (id: string) => void this.load(id) };
    this.acting = new Acting(me, this.#theirs, this.undoing, items);
    this.audit = me.role === "admin" ? new Audit((error) => this.#signedOutBy(error)) : null;
    this.undelivered = me.role === "admin" ? new Undelivered((error) => this.#signedOutBy(error)) : null;
    const url = new URL("/api/console/socket", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new Link<DeskFrame>(
      { url: url.href, pingEveryMs: 15_000, backoff: { firstMs: 1000, capMs: 15_000 } },
      { opened: () => undefined, frame: (frame) => this.#frame(frame), changed: (state, retryAt) => this.#linkChanged(state, retryAt) },
    );
  }

  start(): void {
    this.#socket.start();
    for (const view of ["queue", "mine", "all"] as const) void this.fetchList(view);
    void this.undelivered?.load();
    void this.filter.loadViews();
  }

  stop(): void {
    this.#socket.stop();
  }

  hurry(): void {
    this.#socket.hurry();
  }

  get items(): Pick<Shelf, "get" | "rows" | "waiting"> {
    return this.#held.shelf;
  }

  rows(view: View): Item[] {
    if (view === "all" && this.filter.on) return this.filter.ids.flatMap((id) => this.items.get(id) ?? []);
    return this.items.rows(view, this.me.id);
  }

  chat(id: string): Chat {
    return this.chats.get(id) ?? NEW_CHAT;
  }

  isMine(item: Item | undefined): boolean {
    return item?.owner === "agent" && item.episode?.agent?.id === this.me.id;
  }

  /** As `#try`. */
  async fetchList(view: View, cursor: string | null = null): Promise<boolean> {
    const newer = this.#news.since();
    const query = `conversations?view=${view}${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
    return this.#try(
      async () => {
        const { items, next, now } = await api.get<{ items: Item[]; next: string | null; now: string }>(query);
        clock.heard(now);
        const whole = cursor === null && items.length < PAGE_LENGTH;
        this.#shelve((shelf) => shelf.refresh(items, whole ? view : "all", this.me.id, newer));
        this.#list(view, { state: "ready", error: "", next });
      },
      (error) => this.#list(view, { ...this.lists[view], state: this.lists[view].state === "ready" ? "ready" : "failed", error }),
    );
  }

  /** Loads a conversation; what is shown already stays until the answer is there. As `#try`. */
  async load(id: string): Promise<boolean> {
    const newer = this.#news.since();
    this.#chat(id, (chat) => ({ ...chat, state: chat.state === "ready" ? "ready" : "loading", error: "" }));
    return this.#try(
      async () => {
        const detail = await api.get<Detail>(`conversations/${encodeURIComponent(id)}`);
        clock.heard(detail.now);
        if (!newer(id)) this.#item(detail.item);
        this.#chat(id, (chat) => loaded(chat, detail));
        if (router.id === id) attention.looksAt(id);
      },
      (error) => this.#chat(id, (chat) => ({ ...chat, state: chat.state === "ready" ? "ready" : "failed", error })),
    );
  }

  async loadEarlier(id: string): Promise<void> {
    const before = firstSeq(this.chat(id));
    if (before === null) return;
    const { messages } = await api.get<{ messages: Message[] }>(`conversations/${encodeURIComponent(id)}/messages?before=${before}`);
    this.#chat(id, (chat) => earlierLoaded(chat, messages));
  }

  /** Loads earlier messages until the one with this seq is there, or there are none. */
  async loadBackTo(id: string, seq: number): Promise<void> {
    for (let first = firstSeq(this.chat(id)); first !== null && first > seq; ) {
      await this.loadEarlier(id);
      const next = firstSeq(this.chat(id));
      if (next === first) return;
      first = next;
    }
  }

  say(id: string, text: string): void {
    this.#typedAt = 0;
    this.undoing.wrote(id);
    this.sending.say(id, text);
  }

  typing(id: string): void {
    if (Date.now() - this.#typedAt < TYPING_EVERY_MS) return;
    if (this.#socket.send({ type: "typing", conversation_id: id })) this.#typedAt = Date.now();
  }

  async setPresence(presence: Presence): Promise<void> {
    const before = this.presence;
    this.presence = presence;
    try {
      await api.post("presence", { presence });
    } catch (error) {
      this.presence = before;
      throw error;
    }
  }

  get notices(): readonly Notice[] {
    return this.#notices.all;
  }

  notify(kind: Notice["kind"], text: string, conversation = "", undo: Undoable | null = null): void {
    this.#notices.show(kind, text, conversation, undo);
  }

  dismiss(id: number): void {
    this.#notices.dismiss(id);
  }

  #frame(frame: DeskFrame): void {
    if ("now" in frame) clock.heard(frame.now);
    if (frame.type === "hello") {
      this.#colleagues(frame.agents);
      this.#socket.settle();
    } else if (frame.type === "presence") this.#colleagues(frame.agents);
    else if (frame.type === "conversation") {
      this.#item(frame.item);
      this.#refreshSoon(frame.item.id);
      this.filter.changed();
      this.board.changed();
    }
    else if (frame.type === "hidden") this.#hide(frame.conversation_id);
    else if (frame.type === "message") this.#message(frame.conversation_id, frame.message);
    else if (frame.type === "typing") this.#typing(frame.conversation_id, frame.who);
    else if (frame.type === "audit") this.audit?.changed();
    else if (frame.type === "undelivered") this.undelivered?.changed();
    else if (frame.type === "notice") this.#notice(frame);
  }

  #colleagues(agents: Colleague[]): void {
    this.colleagues = agents;
    const mine = agents.find(({ id }) => id === this.me.id);
    if (mine) this.presence = mine.presence;
  }

  /** What a conversation's frame does not carry (card, unsent messages, notes) is fetched again while it is open. */
  #refreshSoon(id: string): void {
    if (router.id !== id || this.#refreshing !== null) return;
    this.#refreshing = setTimeout(() => {
      this.#refreshing = null;
      if (this.chats.has(id)) void this.load(id);
    }, REFRESH_AFTER_MS);
  }

  /** It has become another team's, and is none of ours any more. */
  #hide(id: string): void {
    const shown = this.items.get(id) !== undefined;
    this.#news.tell(id);
    this.#shelve((shelf) => shelf.remove(id));
    this.chats = new Map([...this.chats].filter(([one]) => one !== id));
    this.search.drop(id);
    this.#notices.drop((one) => one.conversation === id && one.undo === null);
    this.filter.changed();
    if (router.id === id) router.go(router.view);
    if (shown) this.notify("message", "A conversation has gone to another team.");
  }

  #message(id: string, message: Message): void {
    if (this.chats.has(id)) this.#chat(id, (chat) => heard(chat, message));
  }

  #typing(id: string, who: string): void {
    if (!this.chats.has(id) || who === this.me.name) return;
    this.#chat(id, (chat) => ({ ...chat, typing: { who, until: clock.now + TYPING_LASTS_MS } }));
  }

  #notice({ kind, conversation_id, text, sound = true, notice_id }: Extract<DeskFrame, { type: "notice" }>): void {
    const looking = document.visibilityState === "visible" && router.id === conversation_id;
    attention.shown(notice_id);
    if (kind === "message" && looking) return;
    if (sound) alerts.play(kind);
    alerts.show(text, conversation_id, () => router.go(router.view, conversation_id));
    this.notify(kind, text, conversation_id);
  }

  #linkChanged(state: LinkState, retryAt: number | null): void {
    this.link = state;
    this.retryAt = retryAt;
    if (state === "lost") void this.#checkSession();
    if (state !== "live") return;
    const life = ++this.#lives;
    // The first time, too: what was asked for was answered before the line was there.
    void untilDone(() => this.#catchUp(), () => life === this.#lives && this.link === "live");
    this.sending.sendWaiting();
  }

  /** What happened while the line was down came by no frame, so it is asked for again. False if some of it could not be had yet. */
  async #catchUp(): Promise<boolean> {
    const lists = (["queue", "mine", "all"] as const).map((view) => this.fetchList(view));
    this.audit?.changed();
    this.filter.changed();
    void this.undelivered?.load();
    const open = router.id;
    this.chats = new Map([...this.chats].filter(([id, { locals }]) => id === open || locals.length > 0));
    const chats = [...this.chats.keys()].map((id) => this.#catchUpOn(id));
    return (await Promise.all([...lists, ...chats])).every(Boolean);
  }

  /** From the last message on the screen to the newest, page by page: a seq has no gaps, so nothing is missed and nothing shows twice. */
  async #catchUpOn(id: string): Promise<boolean> {
    const whole = await this.#try(
      async () => {
        for (let after = lastSeq(this.chat(id)) ?? 0; after > 0; ) {
          const { messages } = await api.get<{ messages: Message[] }>(`conversations/${encodeURIComponent(id)}/messages?after=${after}`);
          this.#chat(id, (chat) => messages.reduce(heard, chat));
          if (messages.length < MESSAGES_LENGTH) break;
          after = messages.at(-1)?.seq ?? 0;
        }
      },
      () => undefined,
    );
    return (await this.load(id)) && whole;
  }

  /** A socket that is refused says no reason; whether we are still signed in is asked the ordinary way. */
  async #checkSession(): Promise<void> {
    await this.#try(() => api.get("me"), () => undefined);
  }

  /** What is asked for now; its answer tells nothing of conversations that were told of since. */
  #learning(): (items: readonly Item[], now: string) => void {
    const newer = this.#news.since();
    return (items, now) => {
      clock.heard(now);
      this.#shelve((shelf) => shelf.refresh(items, "all", this.me.id, newer));
    };
  }


  #shelve(change: (shelf: Shelf) => void): void {
    const { shelf } = this.#held;
    change(shelf);
    this.#held = { shelf };
  }

  #item(item: Item): void {
    this.#news.tell(item.id);
    this.#shelve((shelf) => shelf.put(item));
    // Somebody has it or it ended: the offer is none any more.
    const stale = ({ kind, conversation }: Notice): boolean => (kind === "offer" || kind === "alarm") && conversation === item.id;
    if (item.owner !== "waiting") this.#notices.drop(stale);
    this.undoing.changedTo(item);
  }

  #list(view: View, list: List): void {
    this.lists = { ...this.lists, [view]: list };
  }

  #chat(id: string, change: (chat: Chat) => Chat): void {
    this.chats = new Map(this.chats).set(id, change(this.chat(id)));
  }

  #signedOutBy(error: unknown): void {
    if (error instanceof api.ApiError && error.status === 401) this.signedOut();
  }

  /** False if it failed and may work in a moment. */
  async #try(run: () => Promise<unknown>, failed: (words: string) => void): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (error) {
      failed(api.wordsOf(error));
      this.#signedOutBy(error);
      return !api.isPassing(error);
    }
  }
}
