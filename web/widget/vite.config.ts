import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Leaves no letter beyond ASCII: a page may be in any encoding, and a script without one of its own takes the page's. */
function asciiOnly(): Plugin {
  return {
    name: "ascii-only",
    enforce: "post",
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === "chunk") chunk.code = chunk.code.replace(/[^\0-\x7f]/g, (unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0"));
      }
    },
  };
}

/** One script that a site embeds with one tag: no imports, no style sheet beside it. */
export default defineConfig({
  root: here("."),
  publicDir: false,
  logLevel: "warn",
  plugins: [asciiOnly()],
  build: {
    outDir: here("../dist"),
    emptyOutDir: false,
    target: "es2022",
    modulePreload: false,
    lib: { entry: here("src/main.ts"), formats: ["iife"], name: "WarmlineWidget", fileName: () => "widget.js" },
  },
});
