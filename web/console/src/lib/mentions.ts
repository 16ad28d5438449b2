/** The part of a name behind an @ that is being typed right before the caret, or null: an address is none. */
export function typedName(text: string, caret: number): string | null {
  return /(?:^|[^\p{L}\p{N}_@.])@([\p{L}\p{N}_.-]{0,30})$/u.exec(text.slice(0, caret))?.[1] ?? null;
}

/** Names that begin so, or one of whose words does; a few of them. */
export function matching(names: readonly string[], typed: string): string[] {
  const wanted = typed.toLowerCase();
  return names.filter((name) => name.toLowerCase().split(/\s+/).some((word) => word.startsWith(wanted))).slice(0, 5);
}

/** The text with the whole name in place of what was typed, and where the caret goes. */
export function completed(text: string, caret: number, name: string): { text: string; caret: number } {
  const at = caret - (typedName(text, caret)?.length ?? 0);
  const rest = text.slice(caret);
  const before = `${text.slice(0, at)}${name}${rest.startsWith(" ") ? "" : " "}`;
  return { text: before + rest, caret: before.length + (rest.startsWith(" ") ? 1 : 0) };
}

/** A note in pieces: those that mention somebody, and the rest. The longest name counts, or a first name. */
export function pieces(text: string, names: readonly string[]): { text: string; mention: boolean }[] {
  const called = [...new Set(names.flatMap((name) => [name, name.split(/\s+/)[0] ?? name]))].sort((a, b) => b.length - a.length);
  if (called.length === 0) return [{ text, mention: false }];
  const escaped = called.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}_@.])(@(?:${escaped})(?![\\p{L}\\p{N}_@]))`, "giu");
  return text.split(pattern).map((piece, at) => ({ text: piece, mention: at % 2 === 1 })).filter((piece) => piece.text !== "");
}
