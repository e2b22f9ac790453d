import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { i18n, ready } from '@/i18n'
import '@/ui/tokens.css'
import '@/ui/controls.css'
import App from './App.vue'
import { router } from './router'

void ready().then(() => createApp(App).use(createPinia()).use(i18n).use(router).mount('#app'))
