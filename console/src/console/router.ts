import { createRouter, createWebHistory } from 'vue-router'
import Workplace from '@/workplace/Workplace.vue'

export const router = createRouter({
  history: createWebHistory('/console/'),
  routes: [
    { path: '/', name: 'workplace', component: Workplace, meta: { may: 'cases_read' } },
    { path: '/case/:id', name: 'case', component: () => import('@/history/CasePage.vue'), meta: { may: 'cases_read', under: 'history' } },
    { path: '/cases', name: 'history', component: () => import('@/history/History.vue'), meta: { may: 'cases_read' } },
    { path: '/unreadable', name: 'signals', component: () => import('@/signals/Unreadable.vue'), meta: { may: 'devices_read' } },
    { path: '/supervision', name: 'supervision', component: () => import('@/supervision/SupervisionPage.vue'), meta: { may: 'supervise' } },
    { path: '/handover', name: 'handover', component: () => import('@/handover/HandoverPage.vue'), meta: { may: 'cases_work' } },
    { path: '/quality', name: 'quality', component: () => import('@/quality/QualityPage.vue'), meta: { may: ['quality', 'cases_work'] } },
    { path: '/engine', name: 'engine', component: () => import('@/engine/Engine.vue') },
    { path: '/imports', name: 'imports', component: () => import('@/imports/Imports.vue'), meta: { may: 'import', under: 'elders' } },
    { path: '/duplicates', name: 'duplicates', component: () => import('@/duplicates/Duplicates.vue'), meta: { may: 'register_edit', under: 'elders' } },
    { path: '/account', name: 'account', component: () => import('@/account/Account.vue') },
    { path: '/users', name: 'users', component: () => import('@/users/Users.vue'), meta: { may: 'users' } },
    { path: '/tokens', name: 'tokens', component: () => import('@/users/Tokens.vue'), meta: { may: 'users', under: 'users' } },
    { path: '/trail', name: 'trail', component: () => import('@/trail/Trail.vue'), meta: { may: 'trail_read' } },
    { path: '/elders', name: 'elders', component: () => import('@/register/Register.vue'), meta: { may: 'register_read' } },
    { path: '/elders/new', name: 'elder-new', component: () => import('@/register/NewElder.vue'), meta: { may: 'register_edit', under: 'elders' } },
    { path: '/elders/spread', name: 'spread', component: () => import('@/register/spread/Spread.vue'), meta: { may: 'register_read', under: 'elders' } },
    { path: '/elders/:id(\\d+)', name: 'elder', component: () => import('@/register/elder/ElderRoute.vue'), meta: { may: 'register_read', under: 'elders' } },
    { path: '/duty', name: 'duty', component: () => import('@/duty/Duty.vue'), meta: { may: 'duty_read' } },
    { path: '/devices', name: 'devices', component: () => import('@/devices/Devices.vue'), meta: { may: 'devices_read' } },
    { path: '/devices/:id', name: 'device', component: () => import('@/devices/DevicePage.vue'), meta: { may: 'devices_read', under: 'devices' } },
    { path: '/privacy', name: 'privacy', component: () => import('@/privacy/Privacy.vue'), meta: { may: 'privacy' } },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})
