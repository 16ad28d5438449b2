export type Part = { text: string } | { text: string; href: string };

const CANDIDATE = /\bhttps?:\/\/[^\s<>"'`]+/gi;
const CLOSERS: Record<string, string> = { ")": "(", "]": "[", "}": "{" };

/** Cuts what belongs to the sentence and not to the address: a full stop, or a bracket that was opened before it. */
function trimEnd(address: string): string {
  let end = address.length;
  for (; end > 0; end--) {
    const last = address.charAt(end - 1);
    const opener = CLOSERS[last];
    if (opener !== undefined) {
      const kept = address.slice(0, end);
      if (kept.split(opener).length >= kept.split(last).length) break;
    } else if (!".,;:!?*_~…".includes(last)) break;
  }
  return address.slice(0, end);
}

/**
 * The address to follow, or null when it must stay plain text.
 *
 * Only http and https are followed, and none that carries a user name: `https://bank.example@evil.example` reads as
 * one site and opens another.
 */
export function safeHref(address: string | null | undefined): string | null {
  if (!address) return null;
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || !url.hostname) return null;
  return url.href;
}

/** Splits a text into plain parts and links; the parts joined give the text again. */
export function linkParts(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const found of text.matchAll(CANDIDATE)) {
    const address = trimEnd(found[0]);
    const href = safeHref(address);
    if (!href) continue;
    if (found.index > from) parts.push({ text: text.slice(from, found.index) });
    parts.push({ text: address, href });
    from = found.index + address.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}
