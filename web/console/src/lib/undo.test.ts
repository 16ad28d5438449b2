import { expect, test } from "vitest";
import type { Item, Message } from "./types.ts";
import { lastUndoable, stands, undoableUntil, type Undoable } from "./undo.ts";

const NOW = Date.parse("2026-11-23T09:00:00Z");
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();

const message = (more: Partial<Message> = {}): Message => ({
  id: "1", seq: null, speaker: "agent", name: "Ana Costa", text: "It is $89.", quick_replies: [], attachments: [], image_url: null, at: at(-1),
  delivery: "queued", error: null, read: false, key: "k1", undo_until: at(4), ...more,
});
const act = (what: Undoable["act"], seconds: number): Undoable => ({ conversation: "c1", act: what, key: null, until: NOW + seconds * 1000 });

test("my own words can be taken back until they leave", () => {
  expect(undoableUntil(message(), "Ana Costa", NOW)).toBe(NOW + 4000);
  expect(undoableUntil(message(), "Ana Costa", NOW + 4000)).toBeNull();
  expect(undoableUntil(message(), "Sam Reyes", NOW)).toBeNull();
  expect(undoableUntil(message({ delivery: "sent" }), "Ana Costa", NOW)).toBeNull();
  expect(undoableUntil(message({ undo_until: null }), "Ana Costa", NOW)).toBeNull();
});

test("undo means the latest words that wait, else the latest act that is still offered", () => {
  const open = { id: "c1", messages: [message({ key: "k1" }), message({ key: "k2" }), message({ speaker: "prospect", key: "x" })] };
  expect(lastUndoable(open, [act("snooze", 10)], "Ana Costa", NOW)).toMatchObject({ act: "send", key: "k2" });
  expect(lastUndoable(null, [act("take", 10), act("snooze", 5)], "Ana Costa", NOW)).toMatchObject({ act: "snooze" });
  expect(lastUndoable(null, [act("take", 10), act("snooze", 5)], "Ana Costa", NOW + 6000)).toMatchObject({ act: "take" });
  expect(lastUndoable({ id: "c1", messages: [] }, [act("take", -1)], "Ana Costa", NOW)).toBeNull();
});

test("an act is offered to be undone only while it stands", () => {
  const held = (owner: Item["owner"], by: string | null, snoozed: string | null = null): Item =>
    ({ id: "c1", owner, snoozed_until: snoozed, episode: by === null ? null : { agent: { id: by, name: by, picture_url: null } } }) as unknown as Item;
  const told = (["take", "snooze", "transfer", "give_back", "send"] as const).map((one) => [
    stands(one, held("agent", "me", at(60)), "me"), stands(one, held("agent", "me"), "me"), stands(one, held("agent", "sam"), "me"), stands(one, held("waiting", null), "me"), stands(one, held("bot", null), "me"),
  ]);
  expect(told).toEqual([
    [true, true, false, false, false],
    [true, false, false, false, false],
    [false, false, false, true, false],
    [false, false, false, false, true],
    [true, true, true, true, true],
  ]);
});
