// @vitest-environment happy-dom
import { flushSync } from "svelte";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NEW_CHAT, type Chat } from "../lib/chat.ts";
import type { Desk } from "../lib/desk.svelte.ts";
import type { Item, Message } from "../lib/types.ts";
import Composer from "./Composer.svelte";
import { button, hide, key, one, page, press, show, shownDesk, type } from "./shown.svelte.ts";

const ITEM: Item = {
  id: "c1", name: "Priya Shah", picture_url: null, channel: "facebook", owner: "agent", preview: null, last_at: "2026-11-23T09:00:00Z", waiting_since: null,
  tags: [], episode: null, window_closes_at: null, human_until: null,
};
const message = (seq: number, speaker: Message["speaker"], text: string, name: string | null = null): Message => ({
  id: seq, seq, speaker, name, text, quick_replies: [], attachments: [], image_url: null, at: "2026-11-23T09:00:00Z", delivery: null, error: null, read: false,
});
const chat = (...messages: Message[]): Chat => ({ ...NEW_CHAT, state: "ready", messages });

let desk: ReturnType<typeof shownDesk>;
const box = (): HTMLTextAreaElement => one("#reply");
const write = (text: string): void => type(box(), text);

function compose(item: Partial<Item> = {}, ...messages: Message[]): void {
  desk = shownDesk(chat(...messages));
  show(Composer, { desk: desk as unknown as Desk, item: { ...ITEM, ...item } });
}

beforeEach(() => void sessionStorage.clear());
afterEach(hide);

test("what was typed is sent with Enter, and the box is empty", () => {
  compose({}, message(1, "prospect", "hi"));
  write("Hello there");
  key(box(), { key: "Enter" });
  expect(desk.said).toEqual(["Hello there"]);
  expect(box().value).toBe("");
});

test("what others say while I write is shown, and sending asks first", () => {
  compose({}, message(1, "prospect", "hi"));
  write("The red ones are here");
  desk.current = chat(message(1, "prospect", "hi"), message(2, "prospect", "no, blue ones"));
  flushSync();
  expect(page()).toContain("Priya Shah wrote while you were writing.");
  key(box(), { key: "Enter" });
  expect(desk.said).toEqual([]);
  expect(one("[role=alert]").textContent).toContain("Does your answer still fit?");
  expect(document.activeElement).toBe(button("Send it as it is"));
  press("Send it as it is");
  expect(desk.said).toEqual(["The red ones are here"]);
});

test("what I have read is asked about no more, what comes after it is", () => {
  compose({}, message(1, "prospect", "hi"));
  write("The red ones are here");
  desk.current = chat(message(1, "prospect", "hi"), message(2, "agent", "Mine!", "Sam Reyes"));
  flushSync();
  press("I've read it");
  expect(page()).not.toContain("while you were writing");
  desk.current = chat(message(1, "prospect", "hi"), message(2, "agent", "Mine!", "Sam Reyes"), message(3, "bot", "one moment"));
  flushSync();
  key(box(), { key: "Enter" });
  expect(desk.said).toEqual(["The red ones are here"]);
});

test("words that were taken back stand before what was begun since", () => {
  compose({}, message(1, "prospect", "hi"));
  write("and then");
  desk.put("It is $89.");
  flushSync();
  expect(box().value).toBe("It is $89.\nand then");
});

test("Ctrl+Z in an empty box takes back what was just sent, and is the browser's own in any other", () => {
  compose({}, message(1, "prospect", "hi"));
  key(box(), { key: "z", ctrlKey: true });
  expect(desk.undone).toBe(1);
  write("words");
  key(box(), { key: "z", ctrlKey: true });
  expect(desk.undone).toBe(1);
});

test("a window that closes soon is said, and one that has closed sends nothing", () => {
  const at = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
  compose({ window_closes_at: at(1), human_until: at(145) }, message(1, "prospect", "hi"));
  expect(page()).toMatch(/Messenger’s window closes in .* After that only a person can/);
  compose({ window_closes_at: at(-1), human_until: at(143) }, message(1, "prospect", "hi"));
  expect(page()).toMatch(/Only you can write, for 5 d/);
  compose({ window_closes_at: at(-200), human_until: at(-1) }, message(1, "prospect", "hi"));
  expect(page()).toMatch(/Messenger lets nobody write until they do\. What you write stays here\./);
  write("too late");
  expect(button("Send").disabled).toBe(true);
  key(box(), { key: "Enter" });
  expect(desk.said).toEqual([]);
  expect(box().value).toBe("too late");
});
