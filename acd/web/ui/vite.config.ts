import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// The server puts a fresh nonce for each answer in the place of this word (acd/web).
const NONCE_PLACE = "__CSP_NONCE__";

/** Ant Design's dialogs lock scrolling by a style element without the nonce, which our policy refuses: ours uses a class. */
const scrollLockByClass: Plugin = {
  name: "scroll-lock-by-class",
  enforce: "pre",
  resolveId: (source, importer) =>
    importer?.includes("@rc-component/portal") && source.endsWith("/useScrollLocker") ? fileURLToPath(new URL("src/shell/scrollLock.ts", import.meta.url)) : null,
};

export default defineConfig({
  plugins: [scrollLockByClass, react()],
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
