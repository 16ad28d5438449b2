import type { Card, Delivery, Item, Message, Outcome, Owner, View } from "./types.ts";

const REASONS: Record<string, string> = {
  asked: "Asked for a person",
  not_understood: "Not understood",
  complaint: "Complaint",
  hot_lead: "Ready to buy",
  unanswerable: "A question the bot can't answer",
  bot_failure: "The bot is away",
  flow_step: "A flow called for a person",
  agent_stepped_in: "An agent stepped in",
  native_inbox: "Answered in the page's own inbox",
};

/** Why a person is needed; a reason we have no words for is shown as it is. */
export const reasonWords = (reason: string): string => REASONS[reason] ?? reason.replaceAll("_", " ");

const CHANNELS: Record<string, string> = { widget: "Website", facebook: "Messenger", messenger: "Messenger", rest: "REST" };
export const channelWords = (channel: string): string => CHANNELS[channel] ?? channel;

export const viewWords: Record<View, string> = { queue: "Queue", mine: "Mine", all: "All" };

export const emptyWords: Record<View, [string, string]> = {
  queue: ["Nobody is waiting. Nice.", "When somebody needs a person, they show up here and you hear a sound."],
  mine: ["You have no open conversations.", "Take one from the queue, and it stays here until you give it back."],
  all: ["No conversations yet.", "As soon as somebody says hello, you see it here."],
};

const OWNERS: Record<Owner, string> = { bot: "The bot is talking", waiting: "Waiting for a person", agent: "With an agent", closed: "Finished" };

/** Who owes the next words, as this agent reads it. */
export function ownerWords({ owner, episode }: Item, myId: string): string {
  if (owner !== "agent" || !episode?.agent) return OWNERS[owner];
  return episode.agent.id === myId ? "You have it" : `${episode.agent.name} has it`;
}

export const personName = ({ name, channel }: Pick<Item, "name" | "channel">): string =>
  name?.trim() || (channel === "widget" ? "Website visitor" : `Someone on ${channelWords(channel)}`);

const KINDS: Record<string, string> = { bot: "bot", flow: "flow", ladder: "handoff message", agent: "agent" };

/** Who spoke on our side, and as what: the bot speaks for its flows and for Warmline's own words too. */
export function speakerWords({ speaker, name }: Pick<Message, "speaker" | "name">): { name: string; kind: string } {
  const kind = KINDS[speaker] ?? speaker;
  const shown = name ?? (speaker === "agent" ? "Agent" : "Bot");
  return { name: shown, kind: shown.toLowerCase() === kind ? "" : kind };
}

/** What became of a message, in words. */
export function deliveryWords(delivery: Delivery | null, error: string | null, read: boolean): string {
  switch (delivery) {
    case "queued":
      return "About to be sent";
    case "sending":
      return "Sending…";
    case "sent":
      return read ? "Seen" : "Sent";
    case "failed":
      return `Not delivered${error ? `: ${error}` : ""}`;
    case "refused":
      return "Not sent, the conversation had moved on";
    case "withdrawn":
      return "Taken back, they wrote first";
    case null:
      return "";
  }
}

export const outcomes: [Outcome, string, string][] = [
  ["returned", "Answered", "The bot goes on from here."],
  ["won", "Won", "They said yes."],
  ["lost", "Lost", "They said no. The bot leaves it there."],
  ["later", "Later", "Not now; worth a follow-up."],
];

/** A first draft of what the bot should know, made of the card alone. The agent edits it. */
export function draftSummary(card: Partial<Card> | null): string {
  const list = (label: string, items: string[] | undefined): string => (items?.length ? `${label}: ${items.join("; ")}.` : "");
  return [list("Wants", card?.wants), list("Worried about", card?.objections), list("We promised", card?.promised)].filter(Boolean).join("\n");
}

export function titleWords(waiting: number): string {
  return waiting > 0 ? `(${waiting}) Waiting · Warmline` : "Warmline";
}
