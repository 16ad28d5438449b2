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

export const reasons: [string, string][] = Object.entries(REASONS);

/** Why a person is needed; a reason we have no words for is shown as it is. */
export const reasonWords = (reason: string): string => REASONS[reason] ?? reason.replaceAll("_", " ");

const CHANNELS: Record<string, string> = { widget: "Website", facebook: "Messenger", messenger: "Messenger", rest: "REST" };
export const channels: [string, string][] = [["widget", "Website"], ["facebook", "Messenger"], ["rest", "REST"]];
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

/** The last words of a conversation, and whose they are. */
export function previewWords({ preview }: Pick<Item, "preview">): string {
  const who = !preview || preview.speaker === "prospect" ? "" : preview.speaker === "agent" ? "Agent: " : "Bot: ";
  return who + (preview?.text || "No words yet");
}

export const foundWords = (count: number): string => (count === 0 ? "Nothing found." : count === 1 ? "Found in one conversation." : `Found in ${count} conversations.`);

const KINDS: Record<string, string> = { bot: "bot", flow: "flow", ladder: "handoff message", agent: "agent" };

/** Who spoke on our side, and as what: the bot speaks for its flows and for Warmline's own words too. */
export function speakerWords({ speaker, name }: Pick<Message, "speaker" | "name">): { name: string; kind: string } {
  const kind = KINDS[speaker] ?? speaker;
  const shown = name ?? (speaker === "agent" ? "Agent" : "Bot");
  return { name: shown, kind: shown.toLowerCase() === kind ? "" : kind };
}

const FAILURES: Record<string, string> = {
  window: "the time in which they can be written to is over",
  unreachable: "they can't be reached",
  frequency: "they had enough messages for now",
  config: "the page's settings don't allow it",
  rejected: "the channel said no",
  broken: "a fault on our side",
  temporary: "the channel kept failing",
  unknown: "it isn't known whether it arrived",
  upload: "the picture couldn't be fetched",
};

const MENDING: Record<string, [string, string]> = {
  config: ["doesn't take this kind of message from the page.", "Check the page's settings and permissions there. Then send it again."],
  rejected: ["said no to this message.", "See what it said. If the cause is gone, send it again."],
  temporary: ["kept failing over this message, while others went through.", "Send it again. If it fails once more, write it in other words."],
  upload: ["couldn't fetch the picture.", "See that its address opens for everybody. Then send it again."],
};

/** Why a message lies here, and what an admin can do about it. */
export function mendingWords(reason: string | null, channel: string): [string, string] {
  if (reason === "broken") return ["Warmline itself failed over this message.", "This is a fault on our side. Send it again after an update, or write to them yourself."];
  if (reason === "unknown") return ["It isn't known whether this arrived.", "They may have it already. Look into the conversation first, then send it again or let it go."];
  const [why, what] = MENDING[reason ?? ""] ?? ["didn't take this message.", "Look into the conversation, then send it again or let it go."];
  return [`${channelWords(channel)} ${why}`, what];
}

const HOLDS: Record<string, [string, string]> = {
  token: ["no longer accepts the page's access token.", "Make a new token for the page, put it into credentials.yml and restart."],
  rate: ["asked us to slow down.", "Nothing to do: messages go out again as its limit allows."],
  away: ["can't be reached.", "See whether this machine is connected to the internet."],
};

/** Why nothing is sent on a channel, and what an admin can do about it. */
export function holdWords(reason: string | null, channel: string): [string, string] {
  const [why, what] = HOLDS[reason ?? ""] ?? ["keeps failing.", "Nothing to do: now and then one message tries, and the rest follows."];
  return [`${channelWords(channel)} ${why}`, what];
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
      return `Not delivered${error ? `: ${FAILURES[error] ?? error}` : ""}`;
    case "refused":
      return "Not sent, the conversation had moved on";
    case "withdrawn":
      return "Taken back, they wrote first";
    case null:
      return "";
  }
}

export const outcomes: [Outcome, string, string][] = [
  ["answered", "Answered", "The bot goes on from here."],
  ["won", "Won", "They said yes."],
  ["lost", "Lost", "They said no. The bot leaves it there."],
  ["later", "Later", "Not now; worth a follow-up."],
  ["no_fit", "No fit", "We're not what they need. The bot leaves it there."],
];

/** A first draft of what the bot should know, made of the card alone. The agent edits it; what is promised has a field of its own. */
export function draftSummary(card: Partial<Card> | null): string {
  const list = (label: string, items: string[] | undefined): string => (items?.length ? `${label}: ${items.join("; ")}.` : "");
  return [list("Wants", card?.wants), list("Worried about", card?.objections)].filter(Boolean).join("\n");
}

export function titleWords(waiting: number): string {
  return waiting > 0 ? `(${waiting}) Waiting · Warmline` : "Warmline";
}
