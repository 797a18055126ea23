import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// The server puts a fresh nonce for each answer in the place of this word (acd/web).
const NONCE_PLACE = "__CSP_NONCE__";

/**
 * Ant Design's dialogs lock scrolling, and its tables measure scroll bars, by a style element without the nonce, which our
 * policy refuses: ours do without.
 */
const REPLACED: readonly [package_: string, module_: string, ours: string][] = [
  ["@rc-component/portal", "/useScrollLocker", "src/shell/scrollLock.ts"],
  ["@rc-component/util", "/getScrollBarSize", "src/shell/scrollBar.ts"],
];
const withoutStyleElements: Plugin = {
  name: "without-style-elements",
  enforce: "pre",
  resolveId(source, importer) {
    const found = REPLACED.find(([package_, module_]) => importer?.includes(package_) && source.endsWith(module_));
    return found ? fileURLToPath(new URL(found[2], import.meta.url)) : null;
  },
};

export default defineConfig({
  plugins: [withoutStyleElements, react()],
  html: { cspNonce: NONCE_PLACE },
  build: {
    outDir: "../pages",
    emptyOutDir: true,
    target: ["chrome111", "firefox114", "safari16.4"],
    assetsInlineLimit: 0, // data: addresses would need an exception in the Content-Security-Policy
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
  },
  worker: { format: "es" },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
