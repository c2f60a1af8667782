import { defaultClientConditions, defineConfig } from "vite";
import { inlinePage } from "./inline-page.ts";
import { CSS_TARGET, lazyParts } from "./lazy-parts.ts";
import { servedSdk } from "./served-sdk.ts";

export default defineConfig({
  // The base is relative, because a proxy may serve the page under any prefix.
  base: "./",
  // The SDK is built into the page from its sources.
  resolve: { conditions: ["@docrelay/source", ...defaultClientConditions] },
  plugins: [lazyParts(), servedSdk(), inlinePage()],
  // Fonts stay files, because the content security policy allows no `data:` addresses for fonts. The page has one
  // script; its lazy parts are built separately.
  build: {
    assetsInlineLimit: 0,
    modulePreload: false,
    target: "es2023",
    cssTarget: CSS_TARGET,
    rolldownOptions: { output: { codeSplitting: false }, checks: { pluginTimings: false } },
  },
  // `pnpm dev` passes requests for these paths to docrelay's server, which must run (`npm start`).
  server: {
    proxy: {
      "/v1": "http://localhost:3000",
      "/socket.io": { target: "ws://localhost:3000", ws: true },
    },
  },
});
