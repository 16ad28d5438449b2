import { contrast, inkOn, parseHex, readableOn, toHex, WHITE, type Rgb } from "../../shared/colour.ts";

export interface Options {
  /** Where the service is, "https://host". */
  service: URL;
  title: string;
  accent: Rgb | null;
}

/** Reads the embedding tag; the service is wherever the script came from. */
export function readOptions(script: HTMLScriptElement): Options {
  return { service: new URL(script.src), title: script.dataset["title"]?.trim() || "Chat", accent: parseHex(script.dataset["accent"]) };
}

export function socketUrl(service: URL): string {
  const url = new URL("widget/socket", service);
  url.protocol = service.protocol === "http:" ? "ws:" : "wss:";
  return url.href;
}

const DARK_SURFACE: Rgb = [34, 29, 25];

/**
 * The site's accent as style properties that stay readable: ink on the accent, the accent as text on light and on dark.
 * A pale accent gets an edge, since nothing else would set it off from the page.
 */
export function accentStyle(accent: Rgb): Record<string, string> {
  return {
    "--brand": toHex(accent),
    "--on-brand": toHex(inkOn(accent)),
    "--brand-text-light": toHex(readableOn(WHITE, accent, 5)),
    "--brand-text-dark": toHex(readableOn(DARK_SURFACE, accent, 5)),
    "--brand-edge": contrast(accent, WHITE) < 3 ? toHex(readableOn(WHITE, accent, 3)) : "transparent",
  };
}
