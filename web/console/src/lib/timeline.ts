import type { TimelineLine } from "./types.ts";

/** Lines latest first: a page that was fetched again replaces what it covers, and what was loaded behind it stays. */
export function merged(known: readonly TimelineLine[], page: readonly TimelineLine[]): TimelineLine[] {
  const ids = new Set(page.map(({ id, conversation_id }) => `${conversation_id ?? ""} ${id}`));
  const last = page.at(-1)?.at ?? "";
  return [...page, ...known.filter((line) => line.at <= last && !ids.has(`${line.conversation_id ?? ""} ${line.id}`))];
}
