import { defaultClientConditions, defineConfig } from "vite";
import { inlinePage } from "./inline-page.ts";
import { CSS_TARGET, lazyParts } from "./lazy-parts.ts";
import { servedSdk } from "./served-sdk.ts";

export default defineConfig({
  // Relative: a proxy may serve the page under any prefix.
  base: "./",
  // Of the SDK, its sources.
  resolve: { conditions: ["@docrelay/source", ...defaultClientConditions] },
  plugins: [lazyParts(), servedSdk(), inlinePage()],
  // The strict content security policy allows no data: for fonts. One script: lazy parts are built apart.
  build: {
    assetsInlineLimit: 0,
    modulePreload: false,
    target: "es2023",
    cssTarget: CSS_TARGET,
    rolldownOptions: { output: { codeSplitting: false }, checks: { pluginTimings: false } },
  },
  // `pnpm dev` beside a running `npm start`.
  server: {
    proxy: {
      "/v1": "http://localhost:3000",
      "/socket.io": { target: "ws://localhost:3000", ws: true },
    },
  },
});
