import { describe, expect, it } from "vitest";
import type { Message } from "./protocol.ts";
import { EMPTY, said } from "./talk.ts";
import { timeline } from "./timeline.ts";

const now = new Date(2026, 10, 22, 12, 0);
const message = (seq: number, at: Date, more: Partial<Message> = {}): Message => ({
  seq, speaker: "bot", name: "Mia", picture_url: null, text: `m${seq}`, quick_replies: [], image_url: null, at: at.toISOString(), ...more,
});
const at = (hour: number, minute: number, day = 22): Date => new Date(2026, 10, day, hour, minute);
const draw = (messages: Message[]): string[] =>
  timeline({ ...EMPTY, messages }, now).map((row) => (row.kind === "message" ? `${row.first ? "[" : ""}${row.text}${row.last ? "]" : ""}` : row.text));

describe("timeline", () => {
  it("puts a line before each day", () => {
    expect(draw([message(1, at(23, 59, 21)), message(2, at(0, 0))])).toEqual(["Yesterday", "[m1]", "Today", "[m2]"]);
  });
  it("groups one speaker's words, not across a pause", () => {
    expect(draw([message(1, at(9, 0)), message(2, at(9, 1)), message(3, at(9, 30))])).toEqual(["Today", "[m1", "m2]", "[m3]"]);
  });
  it("says when a person takes over and when the bot is back", () => {
    const agent = { speaker: "agent", name: "Sam" } as const;
    expect(draw([message(1, at(9, 0)), message(2, at(9, 1), agent), message(3, at(9, 1), { speaker: "prospect", name: null }), message(4, at(9, 2), agent), message(5, at(9, 3))])).toEqual([
      "Today", "[m1]", "Sam is here now. You're talking with a person.", "[m2]", "[m3]", "[m4]", "Mia, our bot, is back with you.", "[m5]",
    ]);
  });
  it("keeps a message's id when its draft is confirmed", () => {
    const draft = { key: "a", text: "hi", payload: null, at: at(9, 0).toISOString(), refused: null };
    const before = timeline(said(EMPTY, draft), now).at(-1);
    const after = timeline({ ...EMPTY, messages: [message(3, at(9, 0), { key: "a", speaker: "prospect" })] }, now).at(-1);
    expect(before?.id).toBe(after?.id);
    expect(before).toMatchObject({ state: "on its way" });
    expect(after).toMatchObject({ state: "there" });
  });
});
