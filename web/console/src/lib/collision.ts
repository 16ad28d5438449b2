import type { Chat } from "./chat.ts";
import { lastSeq } from "./chat.ts";
import type { Message, Note } from "./types.ts";

/** What stood on the screen when somebody began to write: the last message, and the notes. */
export interface Before {
  seq: number;
  notes: ReadonlySet<string>;
}

/** What somebody else said while I was writing. */
export interface Meanwhile {
  key: string;
  who: string;
  /** A note is for the team alone: a colleague or a supervisor whispers. */
  note: boolean;
  text: string;
  at: string;
}

export const before = (chat: Chat): Before => ({ seq: lastSeq(chat) ?? 0, notes: new Set(chat.notes.map(({ id }) => String(id))) });

/** What the prospect, a colleague or a whisper said since then, oldest first. What the bot was about to say is no collision. */
export function meanwhile(chat: Chat, since: Before, me: { id: string; name: string }, person: string): Meanwhile[] {
  const theirs = (one: Message): boolean => one.seq !== null && one.seq > since.seq && (one.speaker === "prospect" || (one.speaker === "agent" && one.name !== me.name));
  const said = chat.messages.filter(theirs).map((one) => ({
    key: `m${one.id}`, who: one.speaker === "prospect" ? person : (one.name ?? "A colleague"), note: false, text: one.text || fileWords(one), at: one.at,
  }));
  const whispered = chat.notes.filter((note: Note) => note.agent.id !== me.id && !since.notes.has(String(note.id)));
  const notes = whispered.map(({ id, agent, text, at }) => ({ key: `n${id}`, who: agent.name, note: true, text, at }));
  return [...said, ...notes].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

const fileWords = ({ attachments, image_url }: Message): string => (image_url || attachments.some(({ kind }) => kind === "image") ? "(a picture)" : "(a file)");

/** Who spoke meanwhile, as a sentence begins: each once. */
export function whoWords(said: readonly Meanwhile[]): string {
  const names = [...new Set(said.map(({ who, note }) => (note ? `${who} (note)` : who)))];
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
