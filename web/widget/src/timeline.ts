import { clockTime, dayKey, dayWords } from "../../shared/days.ts";
import type { Message } from "./protocol.ts";
import type { Talk } from "./talk.ts";

export type Row =
  | { kind: "day"; id: string; text: string }
  | { kind: "change"; id: string; text: string }
  | {
      kind: "message";
      id: string;
      speaker: Message["speaker"];
      name: string;
      picture: string | null;
      text: string;
      image: string | null;
      at: string;
      time: string;
      /** First of a run of one speaker: it carries face and name. */
      first: boolean;
      /** Last of a run: it carries the time. */
      last: boolean;
      state: "there" | "on its way" | "refused";
      refused: string | null;
      key: string | null;
    };

interface Spoken extends Pick<Message, "speaker" | "text" | "at" | "image_url" | "name" | "picture_url"> {
  id: string;
  key: string | null;
  state: "there" | "on its way" | "refused";
  refused: string | null;
}

const PAUSE_MS = 5 * 60_000;

const who = (one: Spoken): string => `${one.speaker}/${one.name ?? ""}`;

function together(a: Spoken | undefined, b: Spoken | undefined): boolean {
  if (!a || !b || who(a) !== who(b)) return false;
  const [earlier, later] = [new Date(a.at), new Date(b.at)];
  return dayKey(earlier) === dayKey(later) && later.getTime() - earlier.getTime() < PAUSE_MS;
}

/** Who took over, in words, when the other side's speaker changes; null when nobody did. */
function handover(before: Spoken | undefined, one: Spoken): string | null {
  if (one.speaker === "agent" && (before?.speaker !== "agent" || before.name !== one.name)) {
    return `${one.name ?? "A person"} is here now. You're talking with a person.`;
  }
  if (one.speaker === "bot" && before?.speaker === "agent") return `${one.name ?? "The assistant"}, our bot, is back with you.`;
  return null;
}

/** The talk as rows to draw, oldest first: day lines, changes of speaker, and messages grouped into runs. */
export function timeline(talk: Talk, now: Date): Row[] {
  const fallback = talk.persona?.name ?? "Assistant";
  const spoken: Spoken[] = [
    ...talk.messages.map((m): Spoken => ({ ...m, id: m.key ? `k:${m.key}` : `s:${m.seq}`, key: m.key ?? null, state: "there", refused: null })),
    ...talk.drafts.map((d): Spoken => ({
      ...d, id: `k:${d.key}`, speaker: "prospect", name: null, picture_url: null, image_url: null, state: d.refused === null ? "on its way" : "refused",
    })),
  ];
  const rows: Row[] = [];
  let other: Spoken | undefined;
  spoken.forEach((one, i) => {
    const [previous, next] = [spoken[i - 1], spoken[i + 1]];
    const at = new Date(one.at);
    if (!previous || dayKey(new Date(previous.at)) !== dayKey(at)) rows.push({ kind: "day", id: `d:${dayKey(at)}:${one.id}`, text: dayWords(at, now) });
    const change = one.speaker === "prospect" ? null : handover(other, one);
    if (change) rows.push({ kind: "change", id: `c:${one.id}`, text: change });
    if (one.speaker !== "prospect") other = one;
    rows.push({
      kind: "message", id: one.id, speaker: one.speaker, name: one.name ?? fallback, picture: one.picture_url, text: one.text, image: one.image_url,
      at: one.at, time: clockTime(at), first: !together(previous, one), last: !together(one, next), state: one.state, refused: one.refused, key: one.key,
    });
  });
  return rows;
}
