import { newKey } from "../../shared/key.ts";
import { Link, type LinkState } from "../../shared/link.ts";
import type { Change, Keep } from "./keep.ts";
import { pageOf, type ClientFrame, type ServerFrame } from "./protocol.ts";
import { discarded, EMPTY, heard, lastSeq, refused, resumeAfter, said, seen, stored, welcomed, type Draft, type Talk } from "./talk.ts";

export interface SessionView {
  talk: Talk;
  link: LinkState;
  /** What the service complained about that belongs to no single message. */
  trouble: string | null;
}

const TYPING_EVERY_MS = 3000;
/** The service ends the bot's dots; an agent's are renewed every few seconds and end by themselves. */
const BOT_TYPES_AT_MOST_MS = 20_000;
const AGENT_TYPES_MS = 6000;
const RESEND_AFTER_MS = 10_000;

/** The talk with the service: sends, resumes and keeps the tabs of one person in step. Knows nothing of the page. */
export class Session {
  #view: SessionView;
  #link: Link<ServerFrame>;
  #welcomedOnce = false;
  #asked = 0;
  #token: string | null;
  #typedAt = 0;
  #reported = 0;
  #typingEnds: ReturnType<typeof setTimeout> | undefined;
  #resend: ReturnType<typeof setTimeout> | undefined;
  #slowUntil = 0;
  #goOn: ReturnType<typeof setTimeout> | undefined;
  #releaseFirst: (() => void) | null = null;

  constructor(
    socketUrl: string,
    private readonly keep: Keep,
    private readonly changed: (view: SessionView, before: SessionView) => void,
    private readonly saved: (name: string, text: string) => void = () => undefined,
  ) {
    // Told when the talk begins, which may be many pages later.
    keep.arrive(pageOf(location.href, document.referrer), Date.now());
    this.#token = keep.token();
    const kept: Talk = { ...EMPTY, messages: keep.tail(), readUpTo: keep.readUpTo() };
    this.#view = { talk: keep.drafts().reduce(said, kept), link: "idle", trouble: null };
    this.#link = new Link<ServerFrame>(
      { url: socketUrl, pingEveryMs: 20_000, backoff: { firstMs: 1000, capMs: 30_000 } },
      {
        opened: () => this.#hello(),
        frame: (frame) => this.#frame(frame),
        changed: (link) => this.#show({ link, talk: link === "live" ? this.#view.talk : { ...this.#view.talk, typing: null } }),
      },
    );
  }

  get view(): SessionView {
    return this.#view;
  }

  /** Somebody talked here before, so there is something to come back to. */
  get known(): boolean {
    return this.#token !== null || this.#view.talk.drafts.length > 0;
  }

  /** Connects; of several tabs that open at once without a token, the first gets one and the others use it. */
  start(): void {
    if (this.#view.link !== "idle") return;
    if (this.#token !== null || !("locks" in navigator)) {
      this.#link.start();
      return;
    }
    this.#show({ link: "connecting" });
    void navigator.locks.request(`warmline:${location.host}`, async () => {
      this.#token = this.keep.token();
      this.#link.start();
      if (this.#token === null) await new Promise<void>((done) => (this.#releaseFirst = done));
    });
  }

  hurry(): void {
    this.#link.hurry();
  }

  say(text: string, payload: string | null = null): void {
    const draft: Draft = { key: newKey(), text, payload, at: new Date().toISOString(), refused: null };
    this.keep.putDraft(draft);
    // What another tab wrote before and could not send goes first, under its own key: the person wrote it in this order.
    this.#show({ talk: this.keep.drafts().reduce(said, this.#view.talk), trouble: null });
    this.#show({ talk: said(this.#view.talk, draft) });
    this.#typedAt = 0;
    this.#sendAll();
    this.start();
  }

  retry(key: string): void {
    this.#show({ talk: refused(this.#view.talk, key, null) });
    const draft = this.#view.talk.drafts.find((one) => one.key === key);
    if (!draft) return;
    this.keep.putDraft(draft);
    this.#sendDraft(draft);
  }

  discard(key: string): void {
    this.keep.dropDraft(key);
    this.#show({ talk: discarded(this.#view.talk, key) });
  }

  typing(): void {
    const now = Date.now();
    if (now - this.#typedAt < TYPING_EVERY_MS || this.#view.link !== "live") return;
    this.#typedAt = now;
    this.#send({ type: "typing" });
  }

  /** Asks for everything that was said; it comes as a file to save. */
  save(): void {
    this.#send({ type: "transcript" });
  }

  /** Everything heard so far is on screen. */
  read(): void {
    const upTo = lastSeq(this.#view.talk);
    if (upTo > this.#view.talk.readUpTo) {
      this.keep.setReadUpTo(upTo);
      this.#show({ talk: seen(this.#view.talk, upTo) });
    }
    this.#reportRead();
  }

  /** Something changed in another tab of this site. */
  otherTab(change: Change): void {
    const { talk } = this.#view;
    if (change.what === "read") this.#show({ talk: seen(talk, change.upTo) });
    else if (change.what === "tail") this.#show({ talk: heard(talk, change.messages) });
    else if (change.what === "draft gone") this.#show({ talk: discarded(talk, change.key) });
    else if (change.what === "draft") this.#show({ talk: said(refused(talk, change.draft.key, change.draft.refused), change.draft) });
    else if (change.token !== this.#token && this.#token !== null) {
      this.#token = change.token;
      this.#welcomedOnce = false;
      this.#show({ talk: { ...talk, messages: [] } });
      this.#link.again();
    }
  }

  #hello(): void {
    // The first hello of a page asks for the whole talk: what this browser kept may be of a service that began anew.
    this.#asked = this.#welcomedOnce ? resumeAfter(this.#view.talk.messages) : 0;
    this.#send({
      type: "hello",
      token: this.#token,
      after: this.#asked,
      locale: navigator.language,
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      ...this.keep.arrive(pageOf(location.href, document.referrer), Date.now()),
    });
  }

  #frame(frame: ServerFrame): void {
    const { talk } = this.#view;
    if (frame.type === "welcome") this.#welcome(frame);
    else if (frame.type === "stored") this.#confirm(stored(talk, frame.key, frame.seq, frame.at), [frame.key]);
    else if (frame.type === "message") this.#confirm(heard(talk, [frame.message]), [frame.message.key]);
    else if (frame.type === "owner") this.#show({ talk: { ...talk, owner: frame.owner, agent: frame.agent } });
    else if (frame.type === "typing") this.#typing(frame.on ? { name: frame.name } : null);
    else if (frame.type === "transcript") this.saved(frame.name, frame.text);
    else if (frame.type === "error") this.#complaint(frame);
  }

  #welcome(frame: Extract<ServerFrame, { type: "welcome" }>): void {
    const stranger = this.#token !== null && frame.token !== this.#token;
    this.#token = frame.token;
    this.keep.setToken(frame.token);
    this.#releaseFirst?.();
    if (stranger) {
      this.keep.forgetTalk();
      this.#reported = 0;
      this.#show({ talk: { ...this.#view.talk, messages: [], readUpTo: 0 } });
      if (this.#asked > 0) {
        this.#welcomedOnce = false;
        this.#link.again();
        return;
      }
    }
    this.#confirm(welcomed(this.#view.talk, frame, this.#asked), frame.messages.map((message) => message.key));
    this.#welcomedOnce = true;
    this.#reported = 0;
    this.#link.settle();
    this.#show({ trouble: null });
    this.#sendAll();
    this.#reportRead();
  }

  /** Keeps what the service confirmed. The tail goes first, so that another tab never sees a message in neither place. */
  #confirm(talk: Talk, keys: (string | null | undefined)[]): void {
    this.keep.setTail(talk.messages);
    for (const key of keys) if (key) this.keep.dropDraft(key);
    // Once nothing waits any more, the reason why it had to is over.
    const waited = this.#view.talk.drafts.length > 0 && talk.drafts.length === 0;
    this.#show(waited ? { talk, trouble: null } : { talk });
  }

  #complaint(frame: Extract<ServerFrame, { type: "error" }>): void {
    const { key } = frame;
    // The service asks for another try, which comes by itself: the words are still on their way.
    if (key && frame.code === "try_again") return;
    if (key && frame.code === "slow_down") {
      this.#slowDown(frame.message, (frame.after_s ?? 1) * 1000);
      return;
    }
    if (!key) {
      this.#show({ trouble: frame.message });
      return;
    }
    const talk = refused(this.#view.talk, key, frame.message);
    const draft = talk.drafts.find((one) => one.key === key);
    if (draft) this.keep.putDraft(draft);
    this.#show({ talk });
  }

  /** The words stay on their way; the page says why they wait, and they go on in the order they were written. */
  #slowDown(why: string, waitMs: number): void {
    this.#show({ trouble: why });
    if (this.#slowUntil !== 0) return;
    this.#slowUntil = Date.now() + waitMs;
    clearTimeout(this.#goOn);
    this.#goOn = setTimeout(() => {
      this.#slowUntil = 0;
      this.#sendAll();
    }, waitMs);
  }

  #typing(typing: Talk["typing"]): void {
    clearTimeout(this.#typingEnds);
    const lasts = this.#view.talk.owner === "agent" ? AGENT_TYPES_MS : BOT_TYPES_AT_MOST_MS;
    if (typing) this.#typingEnds = setTimeout(() => this.#typing(null), lasts);
    this.#show({ talk: { ...this.#view.talk, typing } });
  }

  #reportRead(): void {
    const upTo = Math.min(this.#view.talk.readUpTo, lastSeq(this.#view.talk));
    if (upTo > this.#reported && this.#view.link === "live" && this.#send({ type: "read", up_to: upTo })) this.#reported = upTo;
  }

  #sendAll(): void {
    for (const draft of this.#view.talk.drafts) this.#sendDraft(draft);
  }

  /** Sends again what stays unconfirmed, under the same key, also for a tab that was closed before it could send. */
  #watchDrafts(): void {
    clearTimeout(this.#resend);
    if (this.#view.talk.drafts.some((draft) => draft.refused === null)) this.#resend = setTimeout(() => (this.#sendAll(), this.#watchDrafts()), RESEND_AFTER_MS);
  }

  #sendDraft(draft: Draft): void {
    if (draft.refused === null && this.#view.link === "live" && this.#slowUntil === 0) this.#send({ type: "say", key: draft.key, text: draft.text, payload: draft.payload });
  }

  #send(frame: ClientFrame): boolean {
    return this.#link.send(frame);
  }

  #show(change: Partial<SessionView>): void {
    const before = this.#view;
    this.#view = { ...before, ...change };
    if (this.#view.talk.drafts !== before.talk.drafts) this.#watchDrafts();
    this.changed(this.#view, before);
  }
}
