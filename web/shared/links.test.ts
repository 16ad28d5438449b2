import { describe, expect, it } from "vitest";
import { linkParts, safeHref } from "./links.ts";

const hrefs = (text: string): string[] => linkParts(text).flatMap((part) => ("href" in part ? [part.href] : []));

describe("linkParts", () => {
  it("finds http and https addresses", () => {
    expect(linkParts("see https://sundial.example/a and http://b.example")).toEqual([
      { text: "see " },
      { text: "https://sundial.example/a", href: "https://sundial.example/a" },
      { text: " and " },
      { text: "http://b.example", href: "http://b.example/" },
    ]);
  });

  it.each([
    ["(https://a.example/x).", "https://a.example/x"],
    ["https://en.wiki.example/Sun_(star)", "https://en.wiki.example/Sun_(star)"],
    ["Look: https://a.example/x?y=1&z=2!", "https://a.example/x?y=1&z=2"],
    ["**https://a.example**", "https://a.example/"],
  ])("leaves the sentence's own punctuation out: %s", (text, href) => {
    expect(hrefs(text)).toEqual([href]);
  });

  it.each(["javascript:alert(1)", "data:text/html,x", "ftp://a.example", "vbscript:x", "https://", "https://bank.example@evil.example/"])(
    "keeps %s as plain text",
    (text) => {
      expect(hrefs(text)).toEqual([]);
    },
  );

  it("gives the same text when the parts are joined", () => {
    const text = "a <b>https://x.example/</b> (https://y.example), javascript:https://z.example end";
    expect(linkParts(text).map((part) => part.text).join("")).toBe(text);
  });

  it("gives nothing for an empty text", () => {
    expect(linkParts("")).toEqual([]);
  });
});

describe("safeHref", () => {
  it.each([null, undefined, "", "/relative", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "\tjavascript:alert(1)", "data:image/svg+xml,<svg/>"])(
    "refuses %s",
    (address) => {
      expect(safeHref(address)).toBeNull();
    },
  );

  it("gives back a web address", () => {
    expect(safeHref("https://a.example/b c")).toBe("https://a.example/b%20c");
  });
});
