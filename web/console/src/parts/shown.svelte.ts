import { flushSync, mount, unmount, type Component } from "svelte";
import type { Chat } from "../lib/chat.ts";

/** What a test shows, and how it is looked at: by role and by the words on the screen. */
const mounted: ReturnType<typeof mount>[] = [];

/** Puts a component on an empty page. */
export function show<P extends Record<string, unknown>>(component: Component<P>, props: P): void {
  hide();
  mounted.push(mount(component, { target: document.body, props }));
  flushSync();
}

export function hide(): void {
  for (const one of mounted.splice(0)) void unmount(one);
  document.body.replaceChildren();
}

const worded = (element: Element): string => (element.textContent ?? "").replace(/\s+/g, " ").trim();

/** Everything on the page, as one reads it. */
export const page = (): string => worded(document.body);

export function one<E extends Element>(selector: string): E {
  const found = document.querySelectorAll<E>(selector);
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} elements are ${selector} in: ${page()}`);
  return found[0];
}

/** The section under this heading, as one reads it. */
export function under(heading: string): string {
  const found = [...document.querySelectorAll("h3")].find((element) => worded(element) === heading);
  if (!found?.parentElement) throw new Error(`no heading "${heading}" in: ${page()}`);
  return worded(found.parentElement);
}

export function button(name: string): HTMLButtonElement {
  const found = [...document.querySelectorAll("button")].find((element) => (element.getAttribute("aria-label") ?? visible(element)) === name);
  if (!found) throw new Error(`no button "${name}" in: ${page()}`);
  return found;
}

function visible(element: Element): string {
  const copy = element.cloneNode(true) as Element;
  for (const hidden of copy.querySelectorAll("[aria-hidden=true]")) hidden.remove();
  return worded(copy);
}

export function press(name: string): void {
  button(name).click();
  flushSync();
}

export function type(field: HTMLTextAreaElement, text: string): void {
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
}

export function key(field: HTMLElement, pressed: KeyboardEventInit): void {
  field.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...pressed }));
  flushSync();
}

interface ShownDesk {
  me: { id: string; name: string; role: string };
  current: Chat;
  said: string[];
  undone: number;
  put: (words: string) => void;
}

/** As much of a desk as a component under test is shown: one conversation, and what is done with it. */
export function shownDesk(chat: Chat): ShownDesk {
  let current = $state.raw(chat);
  const desk = {
    me: { id: "a1", name: "Ana Costa", role: "admin" },
    said: [] as string[],
    undone: 0,
    put: (() => undefined) as (words: string) => void,
    get current() {
      return current;
    },
    set current(next: Chat) {
      current = next;
    },
    chat: (): Chat => current,
    say: (_id: string, text: string): void => void desk.said.push(text),
    typing: (): void => undefined,
    undoing: {
      last: (): boolean => ++desk.undone > 0,
      writes(_id: string, put: (words: string) => void): () => void {
        desk.put = put;
        return () => undefined;
      },
    },
  };
  return desk;
}
