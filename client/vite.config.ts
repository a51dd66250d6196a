import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Scripts that the page and the browser find by a fixed name: all others are named by their content. */
const FIXED = ['sw', 'first-paint'];
/** Not part of the shell: the older form of fonts, and what every page loads before the service worker is there. */
const LEFT_OUT = /\.woff$|^sw\.js$|\/(?:icon-512|maskable-512)\.png$/;

/** Writes into the finished service worker which files a build has, and a version made of their content. */
function shellFiles(): Plugin {
  return {
    name: 'qiao-shell-files',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const worker = bundle['sw.js'];
        if (worker?.type !== 'chunk') throw new Error('the service worker is not in the build');
        if (worker.imports.length > 0) throw new Error('the service worker has to stay one file');
        const hash = createHash('sha256').update(worker.code);
        const files = Object.values(bundle)
          .filter((file) => !LEFT_OUT.test(file.fileName))
          .map((file) => {
            hash.update(file.fileName).update(file.type === 'chunk' ? file.code : file.source);
            return `/${file.fileName}`;
          });
        const folder = join(import.meta.dirname, 'public');
        for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
          const path = join(entry.parentPath, entry.name);
          if (!entry.isFile() || LEFT_OUT.test(path)) continue;
          hash.update(readFileSync(path));
          files.push(path.slice(folder.length));
        }
        const shell = { version: hash.digest('hex').slice(0, 16), files: files.sort() };
        worker.code = `globalThis.__SHELL__=${JSON.stringify(shell)};\n${worker.code}`;
      },
    },
  };
}

export default defineConfig({
  base: '/',
  plugins: [react(), shellFiles()],
  build: {
    target: 'es2024',
    // No inline data: the policy of the gateway allows files of our own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: { index: 'index.html', 'first-paint': 'src/pwa/first-paint.ts', sw: 'src/pwa/sw.ts' },
      output: {
        entryFileNames: (chunk) => (FIXED.includes(chunk.name) ? '[name].js' : 'assets/[name]-[hash].js'),
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
