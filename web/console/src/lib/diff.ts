export interface Line {
  kind: "same" | "out" | "in";
  text: string;
  /** Counted from 1, on the side where the line stands; the new one for lines that are the same. */
  number: number;
}

/** What changed from one text to another, line by line: the longest common lines stay. Both texts have some hundred lines. */
export function diff(before: string, after: string): Line[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const [middleA, middleB] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  const same = (from: number, to: number): Line[] => b.slice(from, to).map((text, i) => ({ kind: "same", text, number: from + i + 1 }));
  return [...same(0, head), ...between(middleA, middleB, head), ...same(b.length - tail, b.length)];
}

function between(a: string[], b: string[], offset: number): Line[] {
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) longest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { i++; lines.push({ kind: "same", text: b[j++] ?? "", number: offset + j }); }
    else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) lines.push({ kind: "out", text: a[i++] ?? "", number: offset + i });
    else lines.push({ kind: "in", text: b[j++] ?? "", number: offset + j });
  }
  return lines;
}

/** The changes with `around` unchanged lines beside each; longer stretches in between become null. */
export function shortened(lines: Line[], around = 2): (Line | null)[] {
  const near = lines.map((_, at) => lines.slice(Math.max(0, at - around), at + around + 1).some(({ kind }) => kind !== "same"));
  const shown: (Line | null)[] = [];
  lines.forEach((line, at) => {
    if (near[at]) shown.push(line);
    else if (shown.at(-1) !== null && shown.length > 0) shown.push(null);
  });
  if (shown.at(-1) === null) shown.pop();
  return shown;
}

/** Where a line and a column (from 1) are in a text, in characters; within the text whatever is asked. */
export function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split("\n");
  const before = lines.slice(0, Math.max(0, line - 1)).reduce((sum, one) => sum + one.length + 1, 0);
  return Math.min(text.length, before + Math.min(Math.max(0, column - 1), lines[line - 1]?.length ?? 0));
}
