import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The server puts a fresh nonce for each answer in the place of this word (acd/web).
const NONCE_PLACE = "__CSP_NONCE__";

export default defineConfig({
  plugins: [react()],
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
