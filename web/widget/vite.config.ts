import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** One script that a site embeds with one tag: no imports, no style sheet beside it. */
export default defineConfig({
  root: here("."),
  publicDir: false,
  logLevel: "warn",
  build: {
    outDir: here("../dist"),
    emptyOutDir: false,
    target: "es2022",
    modulePreload: false,
    lib: { entry: here("src/main.ts"), formats: ["iife"], name: "WarmlineWidget", fileName: () => "widget.js" },
  },
});
