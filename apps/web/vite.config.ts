import { defineConfig } from "vite";

export default defineConfig({
  // The strict content security policy allows no inline script or style, and no data: for fonts.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: "es2023" },
  // `pnpm dev` beside a running `npm start`.
  server: {
    proxy: {
      "/v1": "http://localhost:3000",
      "/socket.io": { target: "ws://localhost:3000", ws: true },
    },
  },
});
