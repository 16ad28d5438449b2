// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NEW_CHAT, type Chat } from "../lib/chat.ts";
import type { Desk, Notice } from "../lib/desk.svelte.ts";
import type { Row } from "../lib/report.ts";
import type { Card, Item, Message } from "../lib/types.ts";
import Aftermath from "./Aftermath.svelte";
import CardPane from "./CardPane.svelte";
import ChatMessage from "./ChatMessage.svelte";
import Notices from "./Notices.svelte";

beforeEach(() => void vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch"))));
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const at = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();

test("a message that has not left says when it leaves, and can be undone", async () => {
  const undo = vi.fn();
  const message: Message = { id: "1", seq: null, speaker: "agent", name: "Ana Costa", text: "Hi", quick_replies: [], attachments: [], image_url: null, at: at(0), delivery: "queued", error: null, read: false, key: "k" };
  render(ChatMessage, { message, first: true, last: true, person: "Priya", personName: "Priya", myName: "Ana Costa", leavesIn: 4, undo });
  expect(screen.getByText("Leaves in 4 s").getAttribute("aria-hidden")).toBe("true");
  await fireEvent.click(screen.getByRole("button", { name: "Undo" }));
  expect(undo).toHaveBeenCalledOnce();
});

test("what I did is told with its undo, and others' news without", async () => {
  const done: Notice = { id: 1, kind: "done", conversation: "c1", text: "You have Priya now.", undo: { conversation: "c1", act: "take", key: null, until: 0 } };
  const offer: Notice = { id: 2, kind: "offer", conversation: "c2", text: "Tom asked for a person.", undo: null };
  const desk = { notices: [done, offer], undo: vi.fn(), dismiss: vi.fn() };
  render(Notices, { desk: desk as unknown as Desk });
  await fireEvent.click(screen.getByRole("button", { name: "Undo" }));
  expect(desk.undo).toHaveBeenCalledWith(done.undo);
  expect(screen.getAllByRole("link", { name: "Open" })).toHaveLength(1);
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
  render(CardPane, { desk: desk as unknown as Desk, id: "c1", view: "mine" });
}

test("the card says which promises govern, why, and what comes next", () => {
  card({});
  const section = screen.getByRole("heading", { name: "What was promised them" }).parentElement?.textContent ?? "";
  expect(section).toContain("big leads");
  expect(section).toContain("because the channel is facebook, and the value is 5000 (from 1000 on)");
  expect(section).toMatch(/First words\s*within 30 s/);
  expect(section).toMatch(/Next words\s*within 5 min/);
  expect(section).toMatch(/Next, in \d:\d\d \(at 75 %\):\s*ask the whole team/);
  expect(section).toContain("“office”");
});

test("the card counts the channel's window down, and says who may still write", () => {
  card({ window_closes_at: at(20.5), human_until: at(164.5) });
  expect(screen.getByRole("heading", { name: "Messenger’s window" }).parentElement?.textContent).toMatch(/20 h (29|30) min left.*You, the bot and its flows can write.*After that only a person can/s);
  cleanup();
  card({ window_closes_at: at(-200), human_until: at(-56) });
  expect(screen.getByText("Closed")).toBeTruthy();
  cleanup();
  card({ channel: "widget" }, {});
  expect(screen.queryByRole("heading", { name: /window/ })).toBeNull();
});

test("what came of talks is told as counts and figures, and nothing where there is nothing", () => {
  const row: Row = { key: "total", episodes: 3, segments: {} as Row["segments"], causes: {}, outcomes: { won: { count: 2, value: 500 } }, rating: { asked: 3, given: 2, mean: 4.5 } };
  render(Aftermath, { row, currency: "EUR" });
  expect(screen.getByText("Won").parentElement?.textContent).toMatch(/Won\s*2\s*500 EUR/);
  expect(screen.getByText("4.5")).toBeTruthy();
  cleanup();
  render(Aftermath, { row: { ...row, outcomes: {}, rating: { asked: 0, given: 0, mean: null } }, currency: "EUR" });
  expect(screen.queryByText("What came of it")).toBeNull();
});
