import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { precompiledMessages } from './scripts/messages.ts'
import { worker } from './scripts/worker.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Old browsers stand on the desks of public offices; this is the floor we build for. */
const oldestBrowsers = ['chrome87', 'firefox78', 'safari14']

export default defineConfig({
  base: '/console/',
  plugins: [vue(), precompiledMessages(), worker('provider-worker', 'provider')],
  resolve: {
    alias: {
      '@': here('./src'),
      'vue-i18n': 'vue-i18n/dist/vue-i18n.runtime.mjs',
    },
  },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_DROP_MESSAGE_COMPILER__: 'true',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    target: oldestBrowsers,
    cssTarget: oldestBrowsers,
    outDir: 'dist',
    emptyOutDir: true,
    manifest: 'manifest.json',
    license: { fileName: 'licenses.md' },
    // The content security policy is `default-src 'self'`: nothing may become a data: address or an inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
    rolldownOptions: {
      input: { index: here('./index.html'), demo: here('./demo.html'), phones: here('./phones.html'), provider: here('./provider.html'), 'provider-worker': here('./src/provider/worker.ts') },
      output: {
        // A worker's address is for ever: browsers ask there for the next one.
        entryFileNames: ({ name }) => (name === 'provider-worker' ? '[name].js' : 'assets/[name]-[hash].js'),
        // A group takes along what it needs, so Vue comes first: the helper's page has Vue, and not what else the desk has.
        codeSplitting: {
          groups: [
            { name: 'vue', test: /node_modules\/(vue|@vue\/(reactivity|runtime-core|runtime-dom|shared))\//, priority: 3 },
            { name: 'base', test: /\/src\/(i18n\/zone|live\/clock)\.ts$|preload-helper/, priority: 2 },
            { name: 'frame', test: /node_modules\/(pinia|vue-router|vue-i18n|@intlify|@vue)\//, priority: 2 },
            { name: 'socket', test: /node_modules\/(engine\.io|socket\.io|@socket\.io)/, priority: 1 },
            { name: 'reka', test: /node_modules\/(reka-ui|@floating-ui|@vueuse|aria-hidden|defu|ohash)/, priority: 1 },
            { name: 'texts', test: /\/src\/i18n\/[\w-]+\.ts$/, priority: 1 },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8000', '/socket.io': { target: 'http://127.0.0.1:8000', ws: true } } },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
})
