import css from "./widget.css?inline";
import tokens from "../../shared/tokens.css?inline";
import { h, setText } from "./dom.ts";
import * as icons from "./icons.ts";
import { openKeep, readChange, shelf } from "./keep.ts";
import { accentStyle, readOptions, socketUrl } from "./options.ts";
import { Panel } from "./panel.ts";
import { Session, type SessionView } from "./session.ts";
import { lastSeq, unread } from "./talk.ts";
import { words } from "./words.ts";

type Told = "open" | "close" | "message" | "unread" | "owner";
type Listener = (detail: unknown) => void;

export interface WarmlineApi {
  open(): void;
  close(): void;
  /** Calls `fn` on each event of that name; gives back how to stop. */
  on(event: Told, fn: Listener): () => void;
}

declare global {
  interface Window {
    Warmline?: WarmlineApi;
  }
}

/** Full screen below this width: a phone, or a page zoomed to 400 %. */
const NARROW = "(max-width: 480px), (max-height: 480px)";

/** Hands a text to the browser as a file to keep. */
function saveFile(name: string, text: string): void {
  const href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

function mount(script: HTMLScriptElement): WarmlineApi {
  const options = readOptions(script);
  const host = h("div", { id: "warmline" });
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(tokens + css);
  root.adoptedStyleSheets = [sheet];
  if (options.accent) for (const [name, value] of Object.entries(accentStyle(options.accent))) host.style.setProperty(name, value);

  const listeners = new Map<Told, Set<Listener>>();
  const tell = (event: Told, detail: unknown = null): void => listeners.get(event)?.forEach((fn) => fn(detail));

  const store = shelf();
  const session = new Session(socketUrl(options.service), openKeep(store, options.service.host), (view, before) => shown(view, before), saveFile);
  const panel = new Panel(options.title, {
    say: (text, payload) => session.say(text, payload),
    typing: () => session.typing(),
    retry: (key) => session.retry(key),
    discard: (key) => session.discard(key),
    save: () => session.save(),
    close: () => close(),
  });
  const badge = h("span", { class: "badge", "aria-hidden": "true", hidden: true });
  const launcher = h("button", { type: "button", class: "launcher", "aria-expanded": "false", "aria-label": words.open, click: () => (panel.element.hidden ? open() : close()) }, icons.chat(), icons.cross(), badge);
  root.append(panel.element, launcher);
  const narrow = matchMedia(NARROW);
  let complete = false;
  let pageTitle: string | null = null;

  const isOpen = (): boolean => !panel.element.hidden;

  function shown(view: SessionView, before: SessionView): void {
    const wasComplete = complete;
    complete ||= view.link === "live";
    panel.show(view.talk, view.link, view.trouble, wasComplete);
    if (lastSeq(view.talk) > lastSeq(before.talk) && wasComplete) tell("message", view.talk.messages.at(-1));
    if (view.talk.owner !== before.talk.owner) tell("owner", view.talk.owner);
    if (isOpen() && document.visibilityState === "visible") session.read();
    count(view, before);
  }

  function count({ talk }: SessionView, before: SessionView): void {
    const n = unread(talk);
    badge.hidden = n === 0 || isOpen();
    setText(badge, n > 99 ? "99+" : String(n));
    launcher.setAttribute("aria-label", isOpen() ? words.close : n > 0 ? words.openUnread(n) : words.open);
    if (n !== unread(before.talk)) tell("unread", n);
    titleCount(n);
  }

  /** The page's own title carries the count only while nobody looks at the page. */
  function titleCount(n: number): void {
    if (document.visibilityState === "hidden" && n > 0) {
      pageTitle ??= document.title;
      document.title = `(${n}) ${pageTitle}`;
    } else if (pageTitle !== null) {
      document.title = pageTitle;
      pageTitle = null;
    }
  }

  function open(): void {
    if (isOpen()) return;
    panel.element.hidden = false;
    launcher.setAttribute("aria-expanded", "true");
    fit();
    session.start();
    panel.show(session.view.talk, session.view.link, session.view.trouble, complete);
    panel.toEnd();
    panel.focus();
    session.read();
    count(session.view, session.view);
    tell("open");
  }

  function close(): void {
    if (!isOpen()) return;
    panel.element.hidden = true;
    launcher.setAttribute("aria-expanded", "false");
    fit();
    count(session.view, session.view);
    launcher.focus();
    tell("close");
  }

  /** On a narrow screen the panel covers the page: the page behind stands still and cannot be reached by keyboard. */
  function fit(): void {
    const covers = isOpen() && narrow.matches;
    host.classList.toggle("covers", covers);
    if (covers) panel.element.setAttribute("aria-modal", "true");
    else panel.element.removeAttribute("aria-modal");
    for (const sibling of document.body.children) {
      if (sibling === host || !(sibling instanceof HTMLElement)) continue;
      if (covers && !sibling.inert) {
        sibling.inert = true;
        sibling.dataset["warmlineStill"] = "";
      } else if (!covers && "warmlineStill" in sibling.dataset) {
        sibling.inert = false;
        delete sibling.dataset["warmlineStill"];
      }
    }
    document.documentElement.style.overflow = covers ? "hidden" : "";
    const view = window.visualViewport;
    if (covers && view) {
      panel.element.style.setProperty("--top", `${view.offsetTop}px`);
      panel.element.style.setProperty("--tall", `${view.height}px`);
    }
  }

  panel.element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    close();
  });
  narrow.addEventListener("change", fit);
  window.visualViewport?.addEventListener("resize", fit);
  window.visualViewport?.addEventListener("scroll", fit);
  window.addEventListener("online", () => session.hurry());
  window.addEventListener("offline", () => shown(session.view, session.view));
  window.addEventListener("storage", (event) => {
    const change = event.storageArea === store ? readChange(options.service.host, event.key, event.newValue) : null;
    if (change) session.otherTab(change);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    session.hurry();
    if (isOpen()) session.read();
    titleCount(0);
  });

  panel.show(session.view.talk, session.view.link, null, false);
  count(session.view, session.view);
  document.body.append(host);
  if (session.known) session.start();

  return {
    open,
    close,
    on(event, fn) {
      const set = listeners.get(event) ?? new Set();
      listeners.set(event, set.add(fn));
      return () => set.delete(fn);
    },
  };
}

const script = document.currentScript;
if (!window.Warmline && script instanceof HTMLScriptElement) {
  const begin = (): void => void (window.Warmline = mount(script));
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin, { once: true });
}
