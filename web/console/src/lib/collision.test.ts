import { expect, test } from "vitest";
import { NEW_CHAT, type Chat } from "./chat.ts";
import { before, meanwhile, whoWords } from "./collision.ts";
import type { Message, Note } from "./types.ts";

const ME = { id: "a1", name: "Ana Costa" };
const message = (seq: number | null, speaker: Message["speaker"], text: string, name: string | null = null): Message => ({
  id: `${seq}${speaker}`, seq, speaker, name, text, quick_replies: [], attachments: [], image_url: null, at: `2026-11-23T09:00:${String(seq ?? 0).padStart(2, "0")}Z`, delivery: null, error: null, read: false,
});
const note = (id: string, by: string, name: string): Note => ({ id, agent: { id: by, name }, text: "Offer ten percent", at: "2026-11-23T09:00:30Z" });
const chat = (messages: Message[], notes: Note[] = []): Chat => ({ ...NEW_CHAT, state: "ready", messages, notes });

test("what others said since I began to write is told, oldest first", () => {
  const since = before(chat([message(1, "prospect", "hi")], [note("n1", "a2", "Sam Reyes")]));
  const now = chat(
    [message(1, "prospect", "hi"), message(2, "bot", "one moment"), message(4, "agent", "I'm on it", "Sam Reyes"), message(3, "prospect", "blue ones"), message(5, "agent", "Hello", "Ana Costa"), message(null, "agent", "waits", "Sam Reyes")],
    [note("n1", "a2", "Sam Reyes"), note("n2", "a1", "Ana Costa"), note("n3", "a3", "Kim Doe")],
  );
  const said = meanwhile(now, since, ME, "Priya");
  expect(said.map(({ who, note: whispered, text }) => [who, whispered, text])).toEqual([["Priya", false, "blue ones"], ["Sam Reyes", false, "I'm on it"], ["Kim Doe", true, "Offer ten percent"]]);
  expect(whoWords(said)).toBe("Priya, Sam Reyes and Kim Doe (note)");
});

test("nothing new is no collision", () => {
  const same = chat([message(1, "prospect", "hi")]);
  expect(meanwhile(same, before(same), ME, "Priya")).toEqual([]);
  expect(whoWords([])).toBe("");
});
