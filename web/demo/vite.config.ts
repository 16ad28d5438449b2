import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Puts the page's style sheet into the page, so that the demo is a single file wherever it is served from. */
function styleInPage(): Plugin {
  return {
    name: "style-in-page",
    enforce: "post",
    generateBundle(_options, bundle) {
      for (const page of Object.values(bundle)) {
        if (page.type !== "asset" || !page.fileName.endsWith(".html")) continue;
        page.source = String(page.source).replace(/<link rel="stylesheet"[^>]*href="\/([^"]+)"[^>]*>/g, (link, name: string) => {
          const sheet = bundle[name];
          if (sheet?.type !== "asset") return link;
          Reflect.deleteProperty(bundle, name);
          return `<style>${String(sheet.source).trim()}</style>`;
        });
      }
    },
  };
}

export default defineConfig({
  root: here("."),
  base: "/",
  logLevel: "warn",
  plugins: [styleInPage()],
  build: {
    outDir: here("../dist/demo"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
  },
});
