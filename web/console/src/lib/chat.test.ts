import { describe, expect, it } from "vitest";
import { changedLocal, confirmed, dropped, earlierLoaded, firstSeq, heard, lastSeq, loaded, merge, NEW_CHAT, overtaken, wrote, type Local } from "./chat.ts";
import type { Detail, Message } from "./types.ts";

const message = (id: string, seq: number | null, more: Partial<Message> = {}): Message => ({
  id, seq, speaker: "agent", name: "Ana", text: id, quick_replies: [], attachments: [], image_url: null, at: `2026-11-22T10:00:0${seq ?? 9}Z`, delivery: "sent", error: null, read: false, ...more,
});
const local = (key: string, text = key): Local => ({ key, text, at: "2026-11-22T10:00:00Z", state: "sending", error: "", seen: 0 });
const detail = (messages: Message[], pending: Message[] = []): Detail => ({ item: {} as Detail["item"], messages, pending, notes: [], card: null, resume: [], now: "" });
const ids = (messages: readonly Message[]): (string | number)[] => messages.map(({ id }) => id);

describe("merge", () => {
  it("orders sent ones by seq and those on their way behind them by time", () => {
    const late = message("p2", null, { at: "2026-11-22T10:05:00Z", delivery: "queued" });
    const soon = message("p1", null, { delivery: "sending", at: "2026-11-22T09:00:00Z" });
    expect(ids(merge([late, message("b", 2)], [soon, message("a", 1)]))).toEqual(["a", "b", "p1", "p2"]);
  });
  it("leaves what failed where it was written, not at the end for ever", () => {
    const failed = message("f", null, { delivery: "failed", at: "2026-11-22T10:00:01.5Z" });
    expect(ids(merge([failed], [message("c", 3), message("a", 1), message("b", 2)]))).toEqual(["a", "f", "b", "c"]);
  });
  it("takes over what changed", () => {
    const [only] = merge([message("a", null, { delivery: "queued" })], [message("a", 4, { delivery: "sent" })]);
    expect(only).toMatchObject({ seq: 4, delivery: "sent" });
  });
  it("knows a number and its text as the same id", () => {
    expect(merge([message("7", 1)], [{ ...message("7", 1), id: 7 }])).toHaveLength(1);
  });
});

describe("my own words", () => {
  it("show once when the socket is faster than the answer", () => {
    const chat = wrote(NEW_CHAT, local("k", "hi"));
    const early = heard(chat, message("m1", 1, { text: "hi" }));
    expect([early.locals.length, ids(early.messages)]).toEqual([0, ["m1"]]);
    expect(ids(confirmed(early, "k", message("m1", 1, { text: "hi" })).messages)).toEqual(["m1"]);
  });
  it("are matched by key when there is one, not by words", () => {
    const chat = wrote(wrote(NEW_CHAT, local("k1", "ok")), local("k2", "ok"));
    expect(heard(chat, message("m2", 2, { text: "ok", key: "k2" })).locals.map((l) => l.key)).toEqual(["k1"]);
  });
  it("are not taken for a change to an older message with the same words", () => {
    const chat = wrote(heard(NEW_CHAT, message("m1", 1, { text: "ok" })), local("k", "ok"));
    expect(heard(chat, message("m1", 1, { text: "ok", read: true })).locals).toHaveLength(1);
  });
  it("go when a reload finds their key", () => {
    expect(loaded(wrote(NEW_CHAT, local("k")), detail([message("m1", 1, { key: "k" })])).locals).toEqual([]);
  });
  it("can fail, wait and be dropped", () => {
    const failed = changedLocal(wrote(NEW_CHAT, local("k")), "k", { state: "failed", error: "No." });
    expect(failed.locals[0]).toMatchObject({ state: "failed", error: "No." });
    expect(dropped(failed, "k").locals).toEqual([]);
  });
});

describe("words that somebody overtook", () => {
  const both = wrote(wrote(loaded(NEW_CHAT, detail([message("a", 1)])), local("k1")), local("k2"));
  it("show what was written meanwhile and wait for a word, with those behind them", () => {
    const asked = overtaken(both, "k1", "Priya wrote meanwhile.", [message("b", 2, { speaker: "prospect" })]);
    expect(ids(asked.messages)).toEqual(["a", "b"]);
    expect(asked.locals.map(({ state, error }) => [state, error])).toEqual([["asking", "Priya wrote meanwhile."], ["asking", "Priya wrote meanwhile."]]);
    expect([lastSeq(both), lastSeq(asked), lastSeq(NEW_CHAT)]).toEqual([1, 2, null]);
  });
  it("leave alone what has its own reason to wait", () => {
    const failed = changedLocal(both, "k2", { state: "failed", error: "No." });
    expect(overtaken(failed, "k1", "?", []).locals[1]).toMatchObject({ state: "failed", error: "No." });
  });
});

describe("loading", () => {
  it("forgets unsent messages that the service no longer has", () => {
    const chat = heard(NEW_CHAT, message("p", null, { speaker: "bot" }));
    expect(ids(loaded(chat, detail([message("a", 1)])).messages)).toEqual(["a"]);
  });
  it("keeps earlier pages and knows the end", () => {
    const chat = earlierLoaded(loaded(NEW_CHAT, detail([message("c", 3)])), [message("a", 1), message("b", 2)]);
    expect([ids(chat.messages), chat.earlier, firstSeq(chat)]).toEqual([["a", "b", "c"], true, 1]);
    expect(earlierLoaded(chat, []).earlier).toBe(false);
  });
  it("ends typing dots when the one who typed speaks, not when somebody else does", () => {
    const typing = { ...NEW_CHAT, typing: { who: "prospect", until: 1 } };
    expect(heard(typing, message("x", 1, { speaker: "bot" })).typing).not.toBeNull();
    expect(heard(typing, message("x", 1, { speaker: "agent", name: "Ana" })).typing).not.toBeNull();
    expect(heard(typing, message("x", 1, { speaker: "prospect" })).typing).toBeNull();
  });
  it("ends a colleague's typing dots when they speak", () => {
    const typing = { ...NEW_CHAT, typing: { who: "Sam", until: 1 } };
    expect(heard(typing, message("x", 1, { speaker: "agent", name: "Ana" })).typing).not.toBeNull();
    expect(heard(typing, message("x", 1, { speaker: "agent", name: "Sam" })).typing).toBeNull();
  });
});

describe("loaded", () => {
  it("keeps what I sent a moment ago, though the answer is older; what is over goes with it", () => {
    const waits = message("w", null, { delivery: "queued", undo_until: "2026-11-22T10:00:20Z" });
    const left = message("l", null, { delivery: "queued", undo_until: "2026-11-22T10:00:01Z" });
    const chat = { ...NEW_CHAT, messages: [waits, left] };
    expect(ids(loaded(chat, { ...detail([message("a", 1)]), now: "2026-11-22T10:00:10Z" }).messages)).toEqual(["a", "w"]);
  });
});
