import { isMarked, type Message, type Page } from "./protocol.ts";
import type { Draft } from "./talk.ts";

/** What stays in the browser between pages and is shared by the tabs of one site. */
export interface Keep {
  token(): string | null;
  setToken(token: string): void;
  tail(): Message[];
  setTail(messages: readonly Message[]): void;
  readUpTo(): number;
  setReadUpTo(seq: number): void;
  drafts(): Draft[];
  putDraft(draft: Draft): void;
  dropDraft(key: string): void;
  /** The page to tell of: this one, or the one by whose marked link the person came within a day; and the first one ever seen here. */
  arrive(page: Page, nowMs: number): { page: Page; landing: Page };
  /** Forgets the talk, not the drafts: they are the person's own words and not sent yet. */
  forgetTalk(): void;
}

export type Change =
  | { what: "token"; token: string }
  | { what: "tail"; messages: Message[] }
  | { what: "read"; upTo: number }
  | { what: "draft"; draft: Draft }
  | { what: "draft gone"; key: string };

const TAIL_LENGTH = 60;
const MARKS_LAST_MS = 24 * 3600_000;

/** Memory that looks like a Storage, for a browser that refuses to store anything: the talk then lasts for the page. */
class PageMemory {
  #held = new Map<string, string>();
  get length(): number {
    return this.#held.size;
  }
  key = (i: number): string | null => [...this.#held.keys()][i] ?? null;
  getItem = (key: string): string | null => this.#held.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.#held.set(key, value);
  removeItem = (key: string): void => void this.#held.delete(key);
}

export type Shelf = Pick<Storage, "length" | "key" | "getItem" | "setItem" | "removeItem">;

/** The browser's own storage when it works, else memory. Safari's private mode and blocked site data throw. */
export function shelf(): Shelf {
  try {
    const probe = "warmline:probe";
    localStorage.setItem(probe, "1");
    localStorage.removeItem(probe);
    return localStorage;
  } catch (error) {
    console.warn("warmline: this browser keeps nothing, so the chat ends with the page", error);
    return new PageMemory();
  }
}

function parse<T>(text: string | null, otherwise: T): T {
  if (text === null) return otherwise;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    console.warn("warmline: something stored in this browser cannot be read and is left out", error);
    return otherwise;
  }
}

/** Each draft has its own entry, so two tabs that write at once never overwrite each other's words. */
export function openKeep(store: Shelf, host: string): Keep {
  const prefix = `warmline:${host}:`;
  const get = <T>(name: string, otherwise: T): T => parse(store.getItem(prefix + name), otherwise);
  const set = (name: string, value: unknown): void => {
    try {
      store.setItem(prefix + name, JSON.stringify(value));
    } catch (error) {
      console.warn("warmline: this browser's storage is full", error);
    }
  };
  return {
    token: () => get<string | null>("token", null),
    setToken: (token) => set("token", token),
    tail: () => get<Message[]>("tail", []),
    setTail: (messages) => set("tail", messages.slice(-TAIL_LENGTH)),
    readUpTo: () => get("read", 0),
    setReadUpTo: (seq) => set("read", seq),
    drafts() {
      const found: Draft[] = [];
      for (let i = 0; i < store.length; i++) {
        const key = store.key(i);
        const draft = key?.startsWith(`${prefix}draft:`) ? parse<Draft | null>(store.getItem(key), null) : null;
        if (draft) found.push(draft);
      }
      return found.sort((a, b) => a.at.localeCompare(b.at));
    },
    putDraft: (draft) => set(`draft:${draft.key}`, draft),
    dropDraft: (key) => store.removeItem(`${prefix}draft:${key}`),
    arrive(page, nowMs) {
      const landing = get<Page | null>("landing", null) ?? page;
      const marked = isMarked(page) ? { page, at: nowMs } : get<{ page: Page; at: number } | null>("marked", null);
      set("landing", landing);
      if (isMarked(page)) set("marked", marked);
      return { page: marked && nowMs - marked.at < MARKS_LAST_MS ? marked.page : page, landing };
    },
    forgetTalk() {
      store.removeItem(`${prefix}tail`);
      store.removeItem(`${prefix}read`);
    },
  };
}

/** What another tab just changed, or null when the entry is none of ours. */
export function readChange(host: string, entry: string | null, value: string | null): Change | null {
  const prefix = `warmline:${host}:`;
  if (!entry?.startsWith(prefix)) return null;
  const name = entry.slice(prefix.length);
  if (name.startsWith("draft:")) {
    const draft = parse<Draft | null>(value, null);
    return draft ? { what: "draft", draft } : { what: "draft gone", key: name.slice(6) };
  }
  if (value === null) return null;
  if (name === "token") return { what: "token", token: parse(value, "") };
  if (name === "tail") return { what: "tail", messages: parse<Message[]>(value, []) };
  if (name === "read") return { what: "read", upTo: parse(value, 0) };
  return null;
}
