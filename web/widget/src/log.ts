import { linkParts, safeHref } from "../../shared/links.ts";
import { initials } from "../../shared/names.ts";
import { h } from "./dom.ts";
import * as icons from "./icons.ts";
import type { Row } from "./timeline.ts";
import { words } from "./words.ts";

type MessageRow = Extract<Row, { kind: "message" }>;

export interface LogActions {
  retry(key: string): void;
  discard(key: string): void;
}

/** A face: the picture, or initials for a person and a small sun for the bot, also when the picture fails. */
export function face(name: string, picture: string | null, isPerson: boolean): HTMLElement {
  const box = h("span", { class: isPerson ? "face person" : "face", "aria-hidden": "true" }, isPerson ? initials(name) : icons.spark());
  const src = safeHref(picture);
  if (src) {
    const img = h("img", { src, alt: "", referrerpolicy: "no-referrer", error: () => img.remove() });
    box.append(img);
  }
  return box;
}

function textOf(text: string): HTMLElement {
  const box = h("div", { class: "text", dir: "auto" });
  for (const part of linkParts(text)) {
    box.append("href" in part ? h("a", { href: part.href, target: "_blank", rel: "noopener noreferrer nofollow" }, part.text) : part.text);
  }
  return box;
}

function imageOf(row: MessageRow): HTMLElement | null {
  const src = safeHref(row.image);
  if (!src) return null;
  const img = h("img", { src, alt: words.picture(row.name), loading: "lazy", decoding: "async", referrerpolicy: "no-referrer", error: () => link.replaceWith(h("span", { class: "gone" }, words.pictureGone)) });
  const link = h("a", { class: "image", href: src, target: "_blank", rel: "noopener noreferrer nofollow" }, img);
  return link;
}

function draw(row: Row, offline: boolean, act: LogActions): HTMLElement {
  if (row.kind !== "message") return h("li", { class: row.kind }, h("span", {}, row.text));
  const mine = row.speaker === "prospect";
  const key = row.key ?? "";
  const fate =
    row.state === "refused"
      ? h("div", { class: "fate bad" }, h("span", {}, row.refused ?? ""), h("button", { type: "button", click: () => act.retry(key) }, words.retry), h("button", { type: "button", click: () => act.discard(key) }, words.discard))
      : row.state === "on its way"
        ? h("div", { class: "fate wait" }, offline ? words.later : words.onItsWay)
        : null;
  return h(
    "li",
    { class: `message ${row.speaker}${row.first ? " first" : ""}${row.last ? " last" : ""}` },
    mine ? null : row.last ? face(row.name, row.picture, row.speaker === "agent") : h("span", { class: "face none" }),
    h(
      "div",
      { class: "said" },
      !mine && row.first ? h("div", { class: "who", "aria-hidden": "true" }, row.name, h("small", {}, row.speaker === "agent" ? words.person : words.bot)) : null,
      h("span", { class: "unseen" }, mine ? words.youSay : words.says(row.speaker === "bot" ? `${row.name}, ${words.bot}` : row.name)),
      row.text ? h("div", { class: "bubble" }, textOf(row.text)) : null,
      imageOf(row),
      fate ?? h("time", { datetime: row.at, class: row.last ? "" : "unseen" }, row.time),
    ),
  );
}

/** The list of messages. Rows keep their elements, so nothing jumps and a screen reader hears only what is new. */
export class Log {
  readonly element = h("ol", { class: "rows" });
  #drawn = new Map<string, { print: string; element: HTMLElement }>();

  constructor(private readonly act: LogActions) {}

  show(rows: readonly Row[], offline: boolean): void {
    const wanted = new Set(rows.map((row) => row.id));
    for (const [id, { element }] of this.#drawn) {
      if (wanted.has(id)) continue;
      element.remove();
      this.#drawn.delete(id);
    }
    let place: ChildNode | null = this.element.firstChild;
    for (const row of rows) {
      const element = this.#element(row, offline);
      if (element === place) place = place.nextSibling;
      else this.element.insertBefore(element, place);
    }
  }

  #element(row: Row, offline: boolean): HTMLElement {
    const print = JSON.stringify(row) + (row.kind === "message" && row.state === "on its way" ? offline : "");
    const drawn = this.#drawn.get(row.id);
    if (drawn?.print === print) return drawn.element;
    const element = draw(row, offline, this.act);
    if (drawn) {
      drawn.element.replaceChildren(...element.childNodes);
      drawn.element.className = element.className;
      drawn.print = print;
      return drawn.element;
    }
    this.#drawn.set(row.id, { print, element });
    return element;
  }
}

