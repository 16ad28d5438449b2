// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NEW_CHAT, type Chat } from "../lib/chat.ts";
import type { Desk } from "../lib/desk.svelte.ts";
import type { Item, Message } from "../lib/types.ts";
import Composer from "./Composer.svelte";
import { shownDesk } from "./shown.svelte.ts";

const ITEM: Item = {
  id: "c1", name: "Priya Shah", picture_url: null, channel: "facebook", owner: "agent", preview: null, last_at: "2026-11-23T09:00:00Z", waiting_since: null,
  tags: [], episode: null, window_closes_at: null, human_until: null,
};
const message = (seq: number, speaker: Message["speaker"], text: string, name: string | null = null): Message => ({
  id: seq, seq, speaker, name, text, quick_replies: [], attachments: [], image_url: null, at: "2026-11-23T09:00:00Z", delivery: null, error: null, read: false,
});
const chat = (...messages: Message[]): Chat => ({ ...NEW_CHAT, state: "ready", messages });

let desk: ReturnType<typeof shownDesk>;
const box = (): HTMLTextAreaElement => screen.getByLabelText("Write to Priya Shah");

function compose(item: Partial<Item> = {}, ...messages: Message[]): void {
  desk = shownDesk(chat(...messages));
  render(Composer, { desk: desk as unknown as Desk, item: { ...ITEM, ...item } });
}

async function type(text: string): Promise<void> {
  await fireEvent.input(box(), { target: { value: text } });
}

beforeEach(() => void sessionStorage.clear());
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

test("what was typed is sent with Enter, and the box is empty", async () => {
  compose({}, message(1, "prospect", "hi"));
  await type("Hello there");
  await fireEvent.keyDown(box(), { key: "Enter" });
  expect(desk.said).toEqual(["Hello there"]);
  expect(box().value).toBe("");
});

test("what others say while I write is shown, and sending asks first", async () => {
  compose({}, message(1, "prospect", "hi"));
  await type("The red ones are here");
  desk.current = chat(message(1, "prospect", "hi"), message(2, "prospect", "no, blue ones"));
  flushSync();
  expect(screen.getByText("Priya Shah wrote while you were writing.")).toBeTruthy();
  await fireEvent.keyDown(box(), { key: "Enter" });
  expect(desk.said).toEqual([]);
  expect(screen.getByRole("alert").textContent).toContain("Does your answer still fit?");
  await fireEvent.click(screen.getByRole("button", { name: "Send it as it is" }));
  expect(desk.said).toEqual(["The red ones are here"]);
});

test("what I have read is asked about no more, what comes after it is", async () => {
  compose({}, message(1, "prospect", "hi"));
  await type("The red ones are here");
  desk.current = chat(message(1, "prospect", "hi"), message(2, "agent", "Mine!", "Sam Reyes"));
  flushSync();
  await fireEvent.click(screen.getByRole("button", { name: "I've read it" }));
  expect(screen.queryByText(/while you were writing/)).toBeNull();
  desk.current = chat(message(1, "prospect", "hi"), message(2, "agent", "Mine!", "Sam Reyes"), message(3, "bot", "one moment"));
  flushSync();
  await fireEvent.keyDown(box(), { key: "Enter" });
  expect(desk.said).toEqual(["The red ones are here"]);
});

test("words that were taken back stand before what was begun since", async () => {
  compose({}, message(1, "prospect", "hi"));
  await type("and then");
  desk.put("It is $89.");
  flushSync();
  expect(box().value).toBe("It is $89.\nand then");
});

test("Ctrl+Z in an empty box takes back what was just sent, and is the browser's own in any other", async () => {
  compose({}, message(1, "prospect", "hi"));
  await fireEvent.keyDown(box(), { key: "z", ctrlKey: true });
  expect(desk.undone).toBe(1);
  await type("words");
  await fireEvent.keyDown(box(), { key: "z", ctrlKey: true });
  expect(desk.undone).toBe(1);
});

test("a window that closes soon is said, and one that has closed sends nothing", async () => {
  const at = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
  compose({ window_closes_at: at(1), human_until: at(145) }, message(1, "prospect", "hi"));
  expect(screen.getByText(/Messenger’s window closes in .* After that only a person can/)).toBeTruthy();
  cleanup();
  compose({ window_closes_at: at(-1), human_until: at(143) }, message(1, "prospect", "hi"));
  expect(screen.getByText(/Only you can write, for 5 d/)).toBeTruthy();
  cleanup();
  compose({ window_closes_at: at(-200), human_until: at(-1) }, message(1, "prospect", "hi"));
  expect(screen.getByText(/Messenger lets nobody write until they do\. What you write stays here\./)).toBeTruthy();
  await type("too late");
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Send" }).disabled).toBe(true);
  await fireEvent.keyDown(box(), { key: "Enter" });
  expect(desk.said).toEqual([]);
  expect(box().value).toBe("too late");
});
