import { createApp } from 'vue'
import '@/ui/tokens.css'
import './provider.css'
import ProviderPage from './ProviderPage.vue'
import { setLocale } from './texts'

void setLocale().then(() => createApp(ProviderPage).mount('#app'))
