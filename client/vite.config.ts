import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  base: '/',
  plugins: [react()],
  build: {
    target: 'es2024',
    // No inline data: the policy of the gateway allows files of our own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: { index: 'index.html', 'first-paint': 'src/pwa/first-paint.ts' },
      output: {
        // Scripts that the page and the browser find by a fixed name.
        entryFileNames: (chunk) => (chunk.name === 'first-paint' ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  worker: {
    format: 'es',
    rolldownOptions: {
      treeshake: {
        // The store's worker needs one constant of the SDK's event model: not the model, and the encryption with it.
        moduleSideEffects: (id) =>
          !/\/(matrix-js-sdk|matrix-sdk-crypto-wasm|matrix-events-sdk|sdp-transform|matrix-widget-api)\//.test(
            id,
          ),
      },
    },
  },
  server: {
    port: 18802,
    proxy: Object.fromEntries(
      ['/api', '/_matrix', '/.well-known', '/brand', '/manifest.webmanifest'].map((path) => [
        path,
        process.env['QIAO_ORIGIN'] ?? 'http://localhost:8480',
      ]),
    ),
  },
});
