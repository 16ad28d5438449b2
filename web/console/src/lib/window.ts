import { span } from "./countdown.ts";
import type { Item } from "./types.ts";
import { channelWords } from "./words.ts";

/** `open`: everybody may write; `human`: only a person may, with the channel's tag for that; `closed`: nobody may. */
export type Phase = "open" | "human" | "closed";

export interface ChannelWindow {
  phase: Phase;
  /** Milliseconds until the next phase. */
  left: number;
  /** Whether so little is left that it should be said where one writes. */
  little: boolean;
  /** In a few words, for the top of a conversation. */
  short: string;
  /** What to know where one writes. */
  warning: string;
  /** What may be sent now, and what after. */
  now: string;
  next: string;
}

const LITTLE_MS = { open: 2 * 3_600_000, human: 12 * 3_600_000 };

/** The window of the channel as it is now (the service's time); null where nothing ever closes, or nobody has written yet. */
export function windowOf(item: Pick<Item, "channel" | "window_closes_at" | "human_until">, now: number): ChannelWindow | null {
  if (!item.window_closes_at) return null;
  const [closes, human] = [Date.parse(item.window_closes_at), item.human_until ? Date.parse(item.human_until) : 0];
  const name = channelWords(item.channel);
  if (now < closes) {
    const left = closes - now;
    const next = human > closes ? `After that only a person can, for ${span(human - closes)} more.` : "After that nobody can until they write again.";
    return { phase: "open", left, little: left < LITTLE_MS.open, short: `closes in ${span(left)}`, warning: `${name}’s window closes in ${span(left)}. ${next}`, now: `You, the bot and its flows can write for ${span(left)}.`, next };
  }
  if (now < human) {
    const left = human - now;
    return {
      phase: "human",
      left,
      little: left < LITTLE_MS.human,
      short: `people only, for ${span(left)}`,
      warning: `Only you can write, for ${span(left)}; the bot and its flows can’t until they write again.`,
      now: `Only a person can write, for ${span(left)}: ${name} takes your own words as a late answer.`,
      next: "The bot and its flows can't. They can again once the prospect writes.",
    };
  }
  return { phase: "closed", left: 0, little: true, short: "window closed", warning: `${name} lets nobody write until they do. What you write stays here.`, now: `${name} lets nobody write until they do.`, next: "Reach them another way, or snooze this until they write." };
}
