import type { LinkState } from "../../shared/link.ts";
import { h, setText } from "./dom.ts";
import * as icons from "./icons.ts";
import { face, Log, type LogActions } from "./log.ts";
import { TEXT_LIMIT, type QuickReply } from "./protocol.ts";
import { offeredReplies, type Talk } from "./talk.ts";
import { timeline } from "./timeline.ts";
import { words } from "./words.ts";

export interface PanelActions extends LogActions {
  say(text: string, payload: string | null): void;
  typing(): void;
  save(): void;
  close(): void;
}

const NEAR_PX = 60;

/** What the header says under the name: who owes the next words. */
function standing(talk: Talk): string {
  if (talk.owner === "agent") return words.agent(talk.agent?.name ?? words.someone);
  if (talk.owner === "waiting") return words.waiting;
  if (talk.owner === "closed" && talk.messages.length > 0) return words.closed;
  return talk.persona?.tagline ?? "";
}

/** What is wrong with the line, in words, or nothing. */
function lineTrouble(link: LinkState, talk: Talk): string {
  if (link === "live" || link === "idle") return "";
  if (!navigator.onLine) return words.offline;
  return link === "lost" ? words.lost : talk.persona ? "" : words.connecting;
}

/** The open chat: header, messages, quick replies and composer. */
export class Panel {
  readonly element: HTMLElement;
  readonly #log: Log;
  readonly #scroller: HTMLElement;
  readonly #input: HTMLTextAreaElement;
  readonly #send: HTMLButtonElement;
  readonly #count = h("p", { class: "count", id: "count" });
  readonly #name = h("h2", {});
  readonly #standing = h("p", { class: "standing" });
  readonly #faceBox = h("span", { class: "head-face" });
  readonly #trouble = h("div", { class: "trouble", role: "status" });
  readonly #status = h("div", { class: "unseen", role: "status" });
  readonly #dots = h("div", { class: "dots", "aria-hidden": "true", hidden: true }, h("i"), h("i"), h("i"));
  readonly #replies = h("div", { class: "replies", role: "group", "aria-label": "Quick replies" });
  readonly #empty = h("div", { class: "empty" });
  readonly #newer: HTMLButtonElement;
  readonly #save: HTMLButtonElement;
  #facePrint = "";
  #repliesPrint = "[]";
  #stuck = true;

  constructor(
    private readonly title: string,
    private readonly act: PanelActions,
  ) {
    this.#log = new Log(act);
    this.#input = h("textarea", { rows: "1", "aria-label": words.write, placeholder: words.placeholder, enterkeyhint: "send", "aria-describedby": "count", input: () => this.#typed(), keydown: (event) => this.#key(event as KeyboardEvent) });
    this.#send = h("button", { type: "submit", class: "send", "aria-label": words.send, disabled: true }, icons.send());
    this.#save = h("button", { type: "button", class: "plain", "aria-label": words.save, title: words.save, hidden: true, click: () => act.save() }, icons.save());
    this.#newer = h("button", { type: "button", class: "newer", hidden: true, click: () => this.toEnd() }, icons.down(), words.newer);
    this.#scroller = h(
      "div",
      { class: "scroller", tabindex: "0", role: "log", "aria-label": words.log, "aria-live": "off", scroll: () => this.#scrolled() },
      this.#empty, this.#log.element, this.#dots, this.#replies,
    );
    this.element = h(
      "section",
      { class: "panel", role: "dialog", "aria-label": title, lang: "en", tabindex: "-1", hidden: true },
      h("div", { class: "head" }, this.#faceBox, h("div", { class: "head-words" }, this.#name, this.#standing), this.#save, h("button", { type: "button", class: "plain", "aria-label": words.close, click: () => act.close() }, icons.cross())),
      h("div", { class: "middle" }, this.#trouble, this.#scroller, this.#newer),
      h("form", { submit: (event) => (event.preventDefault(), this.#submit()) }, h("div", { class: "field" }, this.#input, this.#send), this.#count),
      this.#status,
    );
    setText(this.#name, title);
    // An on-screen keyboard or a growing composer takes room: the end stays in view.
    new ResizeObserver(() => this.#stuck && this.toEnd()).observe(this.#scroller);
  }

  /** `complete`: the talk came from the service, so from now on new rows are read out. */
  show(talk: Talk, link: LinkState, trouble: string | null, complete: boolean): void {
    const stick = this.#stuck || this.element.hidden;
    this.#header(talk);
    const problem = lineTrouble(link, talk);
    setText(this.#trouble, problem || (trouble ?? ""));
    this.#trouble.classList.toggle("bad", !problem && !!trouble);
    this.#log.show(timeline(talk, new Date()), link !== "live");
    this.#showEmpty(talk, link);
    this.#save.hidden = talk.messages.length === 0;
    this.#save.disabled = link !== "live";
    this.#dots.hidden = talk.typing === null;
    this.#showReplies(offeredReplies(talk));
    setText(this.#status, talk.typing ? words.typing(talk.typing.name ?? talk.persona?.name ?? words.someone) : talk.owner === "agent" || talk.owner === "waiting" ? standing(talk) : "");
    if (complete) this.#scroller.setAttribute("aria-live", "polite");
    if (stick) this.toEnd();
    else this.#scrolled();
  }

  /** The person just wrote, or opened the panel: show the newest. */
  toEnd(): void {
    this.#stuck = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#newer.hidden = true;
  }

  /** On a touch screen the keyboard would cover the talk, so there the panel itself takes the focus. */
  focus(): void {
    if (matchMedia("(pointer: coarse)").matches) this.element.focus();
    else this.#input.focus();
  }

  #header(talk: Talk): void {
    const { agent, persona } = talk;
    const withPerson = talk.owner === "agent";
    const shown = withPerson ? agent : persona;
    setText(this.#name, (withPerson ? agent?.name : persona?.name) ?? this.title);
    setText(this.#standing, standing(talk));
    const print = JSON.stringify([withPerson, shown?.name, shown?.picture_url]);
    if (print === this.#facePrint) return;
    this.#facePrint = print;
    this.#faceBox.replaceChildren(face(shown?.name ?? this.title, shown?.picture_url ?? null, withPerson));
  }

  #showEmpty(talk: Talk, link: LinkState): void {
    const empty = talk.messages.length + talk.drafts.length === 0;
    this.#empty.hidden = !empty;
    if (!empty || !talk.persona) {
      this.#empty.replaceChildren();
      if (empty && link !== "lost") this.#empty.append(h("div", { class: "skeleton" }), h("div", { class: "skeleton short" }));
    } else if (!this.#empty.querySelector("h3")) {
      this.#empty.replaceChildren(face(talk.persona.name, talk.persona.picture_url, false), h("h3", {}, words.emptyTitle(talk.persona.name)), h("p", {}, words.emptyText));
    }
  }

  #showReplies(replies: readonly QuickReply[]): void {
    const print = JSON.stringify(replies);
    if (print === this.#repliesPrint) return;
    this.#repliesPrint = print;
    const hadFocus = this.#replies.contains((this.element.getRootNode() as ShadowRoot).activeElement);
    this.#replies.replaceChildren(
      ...replies.map(({ title, payload }) => h("button", { type: "button", dir: "auto", click: () => this.#say(title, payload) }, title)),
    );
    if (hadFocus) this.focus();
  }

  #typed(): void {
    const { value } = this.#input;
    this.#input.style.height = "auto";
    this.#input.style.height = `${Math.min(this.#input.scrollHeight, 140)}px`;
    const left = TEXT_LIMIT - value.trim().length;
    setText(this.#count, left < 0 ? words.tooLong(-left) : left < 200 ? words.left(left) : "");
    this.#count.classList.toggle("bad", left < 0);
    this.#send.disabled = !value.trim() || left < 0;
    if (value.trim()) this.act.typing();
  }

  #key(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #submit(): void {
    const text = this.#input.value.trim();
    if (!text || text.length > TEXT_LIMIT) return;
    this.#input.value = "";
    this.#typed();
    this.#say(text, null);
    this.#input.focus();
  }

  #say(text: string, payload: string | null): void {
    this.#stuck = true;
    this.act.say(text, payload);
  }

  #scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    this.#stuck = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    this.#newer.hidden = this.#stuck;
  }
}
