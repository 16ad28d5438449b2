import { expect, it } from "vitest";
import { contrast, parseHex, type Rgb } from "../../shared/colour.ts";
import { accentStyle, readOptions, socketUrl } from "./options.ts";

it.each([
  ["https://chat.example/widget.js", "wss://chat.example/widget/socket"],
  ["http://localhost:8080/widget.js?v=2", "ws://localhost:8080/widget/socket"],
  ["https://shop.example/help/widget.js", "wss://shop.example/help/widget/socket"],
])("%s speaks to %s", (src, url) => {
  expect(socketUrl(new URL(src))).toBe(url);
});

it("reads the tag, with defaults", () => {
  const tag = (dataset: Record<string, string>): HTMLScriptElement => ({ src: "https://a.example/widget.js", dataset }) as unknown as HTMLScriptElement;
  expect(readOptions(tag({ title: " Sundial ", accent: "#0b6" }))).toMatchObject({ title: "Sundial", accent: [0, 187, 102] });
  expect(readOptions(tag({ title: "", accent: "red;}" }))).toMatchObject({ title: "Chat", accent: null });
});

it.each(["#0b6", "#fff", "#000", "#ffd400"])("accent %s stays readable", (hex) => {
  const style = accentStyle(parseHex(hex) as Rgb);
  const of = (name: string): Rgb => parseHex(style[name]) as Rgb;
  expect(contrast(of("--on-brand"), of("--brand"))).toBeGreaterThanOrEqual(4.5);
  expect(contrast(of("--brand-text-light"), [255, 255, 255])).toBeGreaterThanOrEqual(4.5);
});
