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

/** What the page needs next, by the source files that begin it: when somebody signs in here, and when a device is. */
const NEXT = {
  form: ['features/signin/SignInView.tsx'],
  device: [
    'matrix/session.ts',
    'rust-crypto/index.js',
    'app/Shell.tsx',
    'features/rooms/ChatsView.tsx',
    'features/composer/editor/RichEditor.tsx',
  ],
} as const;

/** Writes into the page's first script which files it can ask for before the scripts that need them have run. */
function earlyFiles(): Plugin {
  return {
    name: 'qiao-early-files',
    apply: 'build',
    generateBundle(_options, bundle) {
      const first = bundle['first-paint.js'];
      if (first?.type !== 'chunk') throw new Error('the first script is not in the build');
      const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
      const known = new Set<string>();
      const withImports = (name: string, into: Set<string>): void => {
        const chunk = bundle[name];
        if (chunk?.type !== 'chunk' || into.has(name)) return;
        into.add(name);
        for (const each of chunk.imports) withImports(each, into);
        for (const each of chunk.viteMetadata?.importedCss ?? []) into.add(each);
      };
      for (const chunk of chunks)
        if (chunk.isEntry && chunk.name === 'index') withImports(chunk.fileName, known);
      const filesOf = (beginnings: readonly string[]): string[] => {
        const files = new Set<string>();
        for (const beginning of beginnings) {
          const chunk = chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith(`/${beginning}`)));
          if (!chunk) throw new Error(`${beginning} is not in the build`);
          withImports(chunk.fileName, files);
        }
        return [...files].filter((file) => !known.has(file)).map((file) => `/${file}`);
      };
      const early = { form: filesOf(NEXT.form), device: filesOf(NEXT.device) };
      first.code = `globalThis.__EARLY__=${JSON.stringify(early)};\n${first.code}`;
    },
  };
}

export default defineConfig({
  base: '/',
  plugins: [react(), earlyFiles(), shellFiles()],
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
