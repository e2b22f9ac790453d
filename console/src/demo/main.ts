import { createApp, h } from 'vue'
createApp({ render: () => h('p', '…') }).mount('#app')
