import { createApp } from 'vue'
import { i18n, ready } from '@/i18n'
import '@/ui/tokens.css'
import '@/ui/controls.css'
import PhonesPage from './PhonesPage.vue'

void ready().then(() => createApp(PhonesPage).use(i18n).mount('#app'))
