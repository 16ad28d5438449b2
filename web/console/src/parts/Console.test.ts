// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NEW_CHAT, type Chat } from "../lib/chat.ts";
import type { Desk } from "../lib/desk.svelte.ts";
import type { Notice } from "../lib/notices.svelte.ts";
import type { Row } from "../lib/report.ts";
import type { Card, Item, Message } from "../lib/types.ts";
import Aftermath from "./Aftermath.svelte";
import CardPane from "./CardPane.svelte";
import ChatMessage from "./ChatMessage.svelte";
import Notices from "./Notices.svelte";
import { hide, one, page, press, show, under } from "./shown.svelte.ts";

beforeEach(() => void vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch"))));
afterEach(() => {
  hide();
  vi.unstubAllGlobals();
});

const at = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();

test("a message that has not left says when it leaves, and can be undone", () => {
  const undo = vi.fn();
  const message: Message = { id: "1", seq: null, speaker: "agent", name: "Ana Costa", text: "Hi", quick_replies: [], attachments: [], image_url: null, at: at(0), delivery: "queued", error: null, read: false, key: "k" };
  show(ChatMessage, { message, first: true, last: true, person: "Priya", personName: "Priya", myName: "Ana Costa", leavesIn: 4, undo });
  expect(one(".leaving [aria-hidden=true]").textContent).toBe("Leaves in 4 s");
  expect(page()).not.toContain("wrote meanwhile");
  press("Undo");
  expect(undo).toHaveBeenCalledOnce();
});

test("a message that the prospect overtook says so while it can be undone", () => {
  const message: Message = { id: "1", seq: null, speaker: "agent", name: "Ana Costa", text: "Hi", quick_replies: [], attachments: [], image_url: null, at: at(0), delivery: "queued", error: null, read: false, key: "k" };
  show(ChatMessage, { message, first: true, last: true, person: "Priya", personName: "Priya", myName: "Ana Costa", leavesIn: 4, overtaken: true });
  expect(one(".leaving").textContent).toContain("Priya wrote meanwhile.");
});

test("what I did is told with its undo, and others' news without", () => {
  const done: Notice = { id: 1, kind: "done", conversation: "c1", text: "You have Priya now.", undo: { conversation: "c1", act: "take", key: null, until: 0 } };
  const offer: Notice = { id: 2, kind: "offer", conversation: "c2", text: "Tom asked for a person.", undo: null };
  const desk = { notices: [done, offer], undoing: { undo: vi.fn() }, dismiss: vi.fn() };
  show(Notices, { desk: desk as unknown as Desk });
  press("Undo");
  expect(desk.undoing.undo).toHaveBeenCalledWith(done.undo);
  expect(one("a").textContent).toBe("Open");
});

const CARD: Partial<Card> = {
  headline: "Priya asked for a person on Messenger.",
  promises: {
    policy: "big leads",
    because: ["the channel is facebook", "the value is 5000 (from 1000 on)"],
    calendar: "office",
    targets: [{ clock: "first_words", seconds: 30 }, { clock: "next_words", seconds: 300 }],
    next_rung: { at: at(0.1), place: "75 %", does: ["ask the whole team, with a sound"] },
  },
};

function card(item: Partial<Item>, told: Partial<Card> = CARD): void {
  const chat: Chat = { ...NEW_CHAT, state: "ready", card: told };
  const whole = { id: "c1", name: "Priya", channel: "facebook", tags: [], window_closes_at: null, human_until: null, ...item };
  const desk = { me: { id: "a1", name: "Ana Costa" }, colleagues: [], chat: () => chat, items: new Map([["c1", whole]]) };
  show(CardPane, { desk: desk as unknown as Desk, id: "c1", view: "mine" });
}

test("the card says which promises govern, why, and what comes next", () => {
  card({});
  const section = under("What was promised them");
  expect(section).toContain("big leads");
  expect(section).toContain("because the channel is facebook, and the value is 5000 (from 1000 on)");
  expect(section).toMatch(/First words\s*within 30 s/);
  expect(section).toMatch(/Next words\s*within 5 min/);
  expect(section).toMatch(/Next, in \d:\d\d \(at 75 %\):\s*ask the whole team/);
  expect(section).toContain("“office”");
});

test("the card counts the channel's window down, and says who may still write", () => {
  card({ window_closes_at: at(20.5), human_until: at(164.5) });
  expect(under("Messenger’s window")).toMatch(/20 h (29|30) min left.*You, the bot and its flows can write.*After that only a person can/s);
  hide();
  card({ window_closes_at: at(-200), human_until: at(-56) });
  expect(under("Messenger’s window")).toContain("Closed");
  hide();
  card({ channel: "widget" }, {});
  expect(page()).not.toContain("window");
});

test("what came of talks is told as counts and figures, and nothing where there is nothing", () => {
  const row: Row = { key: "total", episodes: 3, segments: {} as Row["segments"], causes: {}, outcomes: { won: { count: 2, value: 500 } }, rating: { asked: 3, given: 2, mean: 4.5 } };
  show(Aftermath, { row, currency: "EUR" });
  expect(one("li.won").textContent).toMatch(/Won\s*2\s*500 EUR/);
  expect(under("How people rated it")).toContain("4.5 of 5");
  hide();
  show(Aftermath, { row: { ...row, outcomes: {}, rating: { asked: 0, given: 0, mean: null } }, currency: "EUR" });
  expect(page()).toBe("");
});
