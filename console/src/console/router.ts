import { createRouter, createWebHistory } from 'vue-router'
import { withTexts } from '@/i18n'
import Workplace from '@/workplace/Workplace.vue'

const screen = <T>(fetch: () => Promise<T>) => () => withTexts(fetch)

export const router = createRouter({
  history: createWebHistory('/console/'),
  routes: [
    { path: '/', name: 'workplace', component: Workplace, meta: { may: 'cases_read' } },
    { path: '/case/:id', name: 'case', component: screen(() => import('@/history/CasePage.vue')), meta: { may: 'cases_read', under: 'history' } },
    { path: '/cases', name: 'history', component: screen(() => import('@/history/History.vue')), meta: { may: 'cases_read' } },
    { path: '/unreadable', name: 'signals', component: screen(() => import('@/signals/Unreadable.vue')), meta: { may: 'devices_read' } },
    { path: '/map', name: 'map', component: screen(() => import('@/map/CityMap.vue')), meta: { may: 'cases_work' } },
    { path: '/supervision', name: 'supervision', component: screen(() => import('@/supervision/SupervisionPage.vue')), meta: { may: 'supervise' } },
    { path: '/matching', name: 'matching', component: screen(() => import('@/matching/ReplayPage.vue')), meta: { may: 'supervise', under: 'supervision' } },
    { path: '/handover', name: 'handover', component: screen(() => import('@/handover/HandoverPage.vue')), meta: { may: 'cases_work' } },
    { path: '/quality', name: 'quality', component: screen(() => import('@/quality/QualityPage.vue')), meta: { may: ['quality', 'cases_work'] } },
    { path: '/quality/visits', name: 'visit-checks', component: screen(() => import('@/quality/VisitChecks.vue')), meta: { may: 'quality', under: 'quality' } },
    { path: '/quality/helpers', name: 'coaching', component: screen(() => import('@/quality/CoachingPage.vue')), meta: { may: 'quality', under: 'quality' } },
    { path: '/follow-ups', name: 'followups', component: screen(() => import('@/followup/FollowUps.vue')), meta: { may: ['cases_work', 'quality'] } },
    { path: '/engine', name: 'engine', component: screen(() => import('@/engine/Engine.vue')) },
    { path: '/imports', name: 'imports', component: screen(() => import('@/imports/Imports.vue')), meta: { may: 'import', under: 'elders' } },
    { path: '/duplicates', name: 'duplicates', component: screen(() => import('@/duplicates/Duplicates.vue')), meta: { may: 'register_edit', under: 'elders' } },
    { path: '/account', name: 'account', component: screen(() => import('@/account/Account.vue')) },
    { path: '/users', name: 'users', component: screen(() => import('@/users/Users.vue')), meta: { may: 'users' } },
    { path: '/tokens', name: 'tokens', component: screen(() => import('@/users/Tokens.vue')), meta: { may: 'users', under: 'users' } },
    { path: '/trail', name: 'trail', component: screen(() => import('@/trail/Trail.vue')), meta: { may: 'trail_read' } },
    { path: '/elders', name: 'elders', component: screen(() => import('@/register/Register.vue')), meta: { may: 'register_read' } },
    { path: '/elders/new', name: 'elder-new', component: screen(() => import('@/register/NewElder.vue')), meta: { may: 'register_edit', under: 'elders' } },
    { path: '/elders/spread', name: 'spread', component: screen(() => import('@/register/spread/Spread.vue')), meta: { may: 'register_read', under: 'elders' } },
    { path: '/elders/circle', name: 'circle', component: screen(() => import('@/register/circle/CirclePage.vue')), meta: { may: 'register_read', under: 'elders' } },
    { path: '/elders/:id(\\d+)', name: 'elder', component: screen(() => import('@/register/elder/ElderRoute.vue')), meta: { may: 'register_read', under: 'elders' } },
    { path: '/duty', name: 'duty', component: screen(() => import('@/duty/Duty.vue')), meta: { may: 'duty_read' } },
    { path: '/devices', name: 'devices', component: screen(() => import('@/devices/Devices.vue')), meta: { may: 'devices_read' } },
    { path: '/devices/:id', name: 'device', component: screen(() => import('@/devices/DevicePage.vue')), meta: { may: 'devices_read', under: 'devices' } },
    { path: '/services', name: 'services', component: screen(() => import('@/orders/ServicesPage.vue')), meta: { may: 'cases_read' } },
    { path: '/privacy', name: 'privacy', component: screen(() => import('@/privacy/Privacy.vue')), meta: { may: 'privacy' } },
    { path: '/people', name: 'people', component: screen(() => import('@/people/People.vue')), meta: { may: 'workforce_read' } },
    { path: '/people/:id(\\d+)', name: 'person', component: screen(() => import('@/people/PersonRoute.vue')), meta: { may: 'workforce_read', under: 'people' } },
    { path: '/people/expiring', name: 'expiring', component: screen(() => import('@/people/Expiring.vue')), meta: { may: 'workforce_read', under: 'people' } },
    { path: '/people/gaps', name: 'gaps', component: screen(() => import('@/people/Gaps.vue')), meta: { may: 'workforce_read', under: 'people' } },
    { path: '/people/fairness', name: 'fairness', component: screen(() => import('@/people/Fairness.vue')), meta: { may: 'quality', under: 'people' } },
    { path: '/providers', name: 'providers', component: screen(() => import('@/providers/Providers.vue')), meta: { may: 'workforce_read', under: 'people' } },
    { path: '/stations', name: 'stations', component: screen(() => import('@/providers/Stations.vue')), meta: { may: 'workforce_read', under: 'people' } },
    { path: '/stations/:id(\\d+)?/day', name: 'station', component: screen(() => import('@/providers/StationDay.vue')), meta: { may: 'cases_read', under: 'people' } },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})
