import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  base: '/admin/',
  plugins: [react()],
  build: {
    target: 'es2024',
    // No inline data: the policy of the gateway allows files of our own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
  },
  server: {
    port: 18801,
    proxy: Object.fromEntries(
      ['/api', '/_matrix', '/_synapse', '/.well-known', '/brand'].map((path) => [
        path,
        process.env['QIAO_ORIGIN'] ?? 'http://localhost:8480',
      ]),
    ),
  },
});
