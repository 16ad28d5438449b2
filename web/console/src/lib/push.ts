/** The key a browser subscribes to, from its base64url. */
export function keyBytes(key: string): Uint8Array<ArrayBuffer> {
  const text = atob(key.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

const BROWSERS: [RegExp, string][] = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\//, "Firefox"],
  [/Chrome\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
  [/iPhone/, "iPhone"],
  [/iPad/, "iPad"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "Mac"],
  [/Linux/, "Linux"],
];

/** What to call a browser in a list: "Chrome on Android". */
export function labelOf(userAgent: string): string {
  const name = (known: [RegExp, string][], other: string): string => known.find(([sign]) => sign.test(userAgent))?.[1] ?? other;
  return `${name(BROWSERS, "Browser")} on ${name(SYSTEMS, "another system")}`;
}

const CARRIERS = { in_page: "in the page", sound: "by a sound", web_push: "by push", email: "by e-mail", webhook: "to the webhook" } as const;
const KINDS: Record<string, string> = {
  offer: "Someone needed a person",
  alarm: "Someone was waiting",
  breach: "Someone waited too long",
  push: "Someone was waiting for a person",
  page: "A supervisor was needed",
  message: "A new message",
  lost: "A message could not be delivered",
  mention: "You were mentioned in a note",
};
const WHYS: Record<string, string> = {
  seen: "you had seen it",
  acted: "you had taken it",
  over: "it was over by then",
  quiet_hours: "it was quiet time",
  not_wanted: "you turned it off",
  told_already: "you had just been told",
  no_device: "no browser takes pushes",
  gone: "the browser had left",
  away: "it could not be reached",
};

export function kindWords(kind: string): string {
  return KINDS[kind] ?? "A notice";
}

/** What became of one carrier's turn: "Seen by push". */
export function fateWords({ carrier, state, why }: { carrier: keyof typeof CARRIERS; state: string; why: string | null }): string {
  const by = CARRIERS[carrier];
  const because = why === null ? "" : `: ${WHYS[why] ?? why.replaceAll("_", " ")}`;
  if (state === "queued") return `Next ${by}`;
  if (state === "sent") return `Sent ${by}`;
  if (state === "seen") return `Seen, sent ${by}`;
  if (state === "acted") return `Acted on, sent ${by}`;
  if (state === "failed") return `Failed ${by}${because}`;
  return `Not sent ${by}${because}`;
}

/** "15 s", "2 min". */
export function afterWords(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
