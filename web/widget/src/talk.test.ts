import { describe, expect, it } from "vitest";
import type { Message } from "./protocol.ts";
import { discarded, EMPTY, heard, merge, offeredReplies, refused, resumeAfter, said, seen, stored, unread, welcomed, type Draft, type Talk } from "./talk.ts";

const message = (seq: number, more: Partial<Message> = {}): Message => ({
  seq, speaker: "bot", name: "Mia", picture_url: null, text: `m${seq}`, quick_replies: [], image_url: null, at: "2026-11-22T10:00:00Z", ...more,
});
const draft = (key: string): Draft => ({ key, text: `d-${key}`, payload: null, at: "2026-11-22T10:00:00Z", refused: null });
const seqs = (talk: Talk): number[] => talk.messages.map((m) => m.seq);

describe("merge", () => {
  it("orders by seq and keeps each once", () => {
    expect(merge([message(2), message(4)], [message(3), message(2), message(1)]).map((m) => m.seq)).toEqual([1, 2, 3, 4]);
  });
  it("takes the later copy but does not forget a key", () => {
    const [only] = merge([message(1, { key: "k", text: "old" })], [message(1, { text: "new" })]);
    expect(only).toMatchObject({ key: "k", text: "new" });
  });
  it("keeps one of two messages with the same key", () => {
    expect(merge([message(1, { key: "k" })], [message(2, { key: "k" })]).map((m) => m.seq)).toEqual([1]);
  });
});

describe("drafts", () => {
  it("become messages when stored, once", () => {
    const one = stored(said(EMPTY, draft("a")), "a", 7, "2026-11-22T10:00:01Z");
    expect(one.drafts).toEqual([]);
    expect(one.messages).toMatchObject([{ seq: 7, key: "a", speaker: "prospect", text: "d-a" }]);
    expect(stored(one, "a", 7, "2026-11-22T10:00:01Z")).toBe(one);
  });
  it("are confirmed by a message with their key, whichever comes first", () => {
    const byMessage = heard(said(EMPTY, draft("a")), [message(7, { key: "a", speaker: "prospect" })]);
    expect(byMessage.drafts).toEqual([]);
    expect(seqs(stored(byMessage, "a", 7, "x"))).toEqual([7]);
  });
  it("survive a welcome that does not know them and go with one that does", () => {
    const frame = { type: "welcome", token: "t", persona: { name: "Mia", picture_url: null, tagline: "" }, messages: [message(1, { key: "a", speaker: "prospect" })], owner: "bot", agent: null, now: "" } as const;
    const next = welcomed(said(said(EMPTY, draft("a")), draft("b")), { ...frame, messages: [...frame.messages] }, 0);
    expect(next.drafts.map((d) => d.key)).toEqual(["b"]);
  });
  it("are not taken in twice", () => {
    const once = said(EMPTY, draft("a"));
    expect(said(once, draft("a"))).toBe(once);
  });
  it("can be refused, tried again and discarded", () => {
    const no = refused(said(EMPTY, draft("a")), "a", "Too long.");
    expect(no.drafts[0]?.refused).toBe("Too long.");
    expect(refused(no, "a", null).drafts[0]?.refused).toBeNull();
    expect(discarded(no, "a").drafts).toEqual([]);
  });
});

describe("welcomed", () => {
  const frame = (messages: Message[]): Parameters<typeof welcomed>[1] => ({ type: "welcome", token: "t", persona: { name: "Mia", picture_url: null, tagline: "" }, messages, owner: "bot", agent: null, now: "" });
  it("replaces what was kept when the whole talk was asked for", () => {
    expect(seqs(welcomed({ ...EMPTY, messages: [message(8), message(9)] }, frame([message(1)]), 0))).toEqual([1]);
  });
  it("adds when only the rest was asked for", () => {
    expect(seqs(welcomed({ ...EMPTY, messages: [message(8), message(9)] }, frame([message(9), message(10)]), 9))).toEqual([8, 9, 10]);
  });
});

describe("resumeAfter", () => {
  it.each([
    [[], 0],
    [[1, 2, 3], 3],
    [[5, 6, 7], 7],
    [[5, 6, 8, 9], 6],
  ])("of %j is %i", (held, after) => {
    expect(resumeAfter(held.map((seq) => message(seq)))).toBe(after);
  });
});

describe("unread and quick replies", () => {
  it("counts the other side's words above the read mark", () => {
    const talk = { ...EMPTY, messages: [message(1), message(2, { speaker: "prospect" }), message(3), message(4, { speaker: "agent" })] };
    expect(unread(talk)).toBe(3);
    expect(unread(seen(talk, 3))).toBe(1);
    expect(seen(seen(talk, 3), 1).readUpTo).toBe(3);
  });
  it("offers replies of the last message only until it is answered", () => {
    const quick_replies = [{ title: "Yes", payload: "/yes" }];
    const talk = heard(EMPTY, [message(1, { quick_replies })]);
    expect(offeredReplies(talk)).toEqual(quick_replies);
    expect(offeredReplies(said(talk, draft("a")))).toEqual([]);
    expect(offeredReplies(heard(talk, [message(2)]))).toEqual([]);
  });
  it("ends typing dots when the other side speaks, not when we do", () => {
    const typing = { ...EMPTY, typing: { name: "Mia" } };
    expect(heard(typing, [message(1, { speaker: "prospect" })]).typing).not.toBeNull();
    expect(heard(typing, [message(1)]).typing).toBeNull();
  });
});
