import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { precompiledMessages } from './scripts/messages.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Old browsers stand on the desks of public offices; this is the floor we build for. */
const oldestBrowsers = ['chrome87', 'firefox78', 'safari14']

export default defineConfig({
  base: '/console/',
  plugins: [vue(), precompiledMessages()],
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
    rollupOptions: {
      input: { index: here('./index.html'), demo: here('./demo.html'), phones: here('./phones.html') },
      output: {
        manualChunks(id: string) {
          if (/node_modules\/(vue|@vue|pinia|vue-router|vue-i18n|@intlify)\//.test(id)) return 'vue'
          if (/node_modules\/(engine\.io|socket\.io|@socket\.io)/.test(id)) return 'socket'
          if (/node_modules\/(reka-ui|@floating-ui|@vueuse|aria-hidden|defu|ohash)/.test(id)) return 'reka'
          if (id.includes('/src/i18n/') && !id.endsWith('.json')) return 'texts'
          return undefined
        },
      },
    },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8000', '/socket.io': { target: 'http://127.0.0.1:8000', ws: true } } },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
})
