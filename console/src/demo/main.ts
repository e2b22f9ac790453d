import { createApp } from 'vue'
import { i18n, ready } from '@/i18n'
import '@/ui/tokens.css'
import '@/ui/controls.css'
import DemoPage from './DemoPage.vue'

void ready().then(() => createApp(DemoPage).use(i18n).mount('#app'))
