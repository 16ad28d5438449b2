export interface Piece {
  text: string;
  found: boolean;
}

/** A text in pieces, those that were found marked. The service counts Unicode characters, where a string counts halves of some. */
export function pieces(text: string, marks: readonly (readonly [number, number])[]): Piece[] {
  const chars = [...text];
  const made: Piece[] = [];
  let at = 0;
  for (const [start, end] of marks) {
    if (start > at) made.push({ text: chars.slice(at, start).join(""), found: false });
    made.push({ text: chars.slice(start, end).join(""), found: true });
    at = end;
  }
  if (at < chars.length) made.push({ text: chars.slice(at).join(""), found: false });
  return made;
}
