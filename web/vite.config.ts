import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // Relative addresses, so that it works below a proxy's path.
  base: './',
  // codap puts a nonce of its own there with each answer.
  html: { cspNonce: 'nonce-of-this-answer' },
  worker: { format: 'es' },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    // The licences of what is bundled ask to go with it.
    license: { fileName: 'licenses.md' },
    assetsDir: 'playground',
    assetsInlineLimit: 0,
    target: 'es2023',
    modulePreload: { polyfill: false },
  },
});
