export type Rgb = readonly [number, number, number];

/** Reads `#rgb` or `#rrggbb`; null for anything else. */
export function parseHex(text: string | null | undefined): Rgb | null {
  const digits = /^#?([\da-f]{3}|[\da-f]{6})$/i.exec((text ?? "").trim())?.[1];
  if (!digits) return null;
  const full = digits.length === 3 ? [...digits].map((d) => d + d).join("") : digits;
  const at = (i: number): number => parseInt(full.slice(i, i + 2), 16);
  return [at(0), at(2), at(4)];
}

export const toHex = (rgb: Rgb): string => "#" + rgb.map((c) => Math.round(c).toString(16).padStart(2, "0")).join("");

/** Relative luminance from 0 to 1. Source: WCAG 2.2, "relative luminance", 2023-10-05. */
function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
}

/** Contrast ratio of two colours, 1 to 21. Source: WCAG 2.2, "contrast ratio", 2023-10-05. */
export function contrast(a: Rgb, b: Rgb): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

export const WHITE: Rgb = [255, 255, 255];
export const INK: Rgb = [26, 18, 12];

/** White or dark ink, whichever reads better on this ground. */
export const inkOn = (ground: Rgb): Rgb => (contrast(WHITE, ground) >= contrast(INK, ground) ? WHITE : INK);

/** The colour itself, or the nearest mix with black or white that has at least `ratio` to the ground. */
export function readableOn(ground: Rgb, colour: Rgb, ratio: number): Rgb {
  const goal = inkOn(ground) === WHITE ? WHITE : ([0, 0, 0] as const);
  for (let share = 0; share <= 1; share += 0.05) {
    const mix = (i: 0 | 1 | 2): number => Math.round(colour[i] + (goal[i] - colour[i]) * share);
    const mixed: Rgb = [mix(0), mix(1), mix(2)];
    if (contrast(mixed, ground) >= ratio) return mixed;
  }
  return goal;
}
