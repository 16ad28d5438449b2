import { expect, it } from "vitest";
import { afterWords, fateWords, keyBytes, labelOf } from "./push.ts";

it("a key becomes the bytes that a browser subscribes to", () => {
  expect([...keyBytes("BP_-AA")]).toEqual([4, 255, 254, 0]);
});

it.each([
  ["Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Mobile Safari/537.36", "Chrome on Android"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Mobile/15E148 Safari/604.1", "Safari on iPhone"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"],
  ["Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0", "Edge on Windows"],
  ["curl/8", "Browser on another system"],
])("%s", (userAgent, label) => {
  expect(labelOf(userAgent)).toBe(label);
});

it.each([
  [{ carrier: "web_push", state: "failed", why: "no_device" }, "Failed by push: no browser takes pushes"],
  [{ carrier: "email", state: "dropped", why: "seen" }, "Not sent by e-mail: you had seen it"],
  [{ carrier: "in_page", state: "acted", why: null }, "Acted on, sent in the page"],
  [{ carrier: "webhook", state: "failed", why: "http_400" }, "Failed to the webhook: http 400"],
] as const)("%o", (one, words) => {
  expect(fateWords(one)).toBe(words);
});

it.each([
  [5, "5 s"],
  [120, "2 min"],
])("%d seconds", (seconds, words) => {
  expect(afterWords(seconds)).toBe(words);
});
