import { createRouter, createWebHistory } from 'vue-router'
import Workplace from '@/workplace/Workplace.vue'

export const router = createRouter({
  history: createWebHistory('/console/'),
  routes: [
    { path: '/', name: 'workplace', component: Workplace },
    { path: '/case/:id', name: 'case', component: () => import('@/history/CasePage.vue') },
    { path: '/cases', name: 'history', component: () => import('@/history/History.vue') },
    { path: '/unreadable', name: 'signals', component: () => import('@/signals/Unreadable.vue') },
    { path: '/engine', name: 'engine', component: () => import('@/engine/Engine.vue') },
    { path: '/imports', name: 'imports', component: () => import('@/imports/Imports.vue') },
    { path: '/duplicates', name: 'duplicates', component: () => import('@/duplicates/Duplicates.vue') },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})
