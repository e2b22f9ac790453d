import type { Named } from '@/live/types'

export interface UserRow {
  id: string
  version: number
  username: string
  name: string
  roles: string[]
  areas: Named[]
  locale: 'zh-CN' | 'en'
  phone: string | null
  active: boolean
  locked_until: string | null
  must_change_password: boolean
  second_factor: boolean
  last_active_at: string | null
}
export interface RoleRow { code: string; may: string[]; apart_from: string[]; second_factor: boolean; local: boolean }
export interface AreaChoice { id: string; name: string; path_names: string[]; has_more: boolean }
export interface TokenRow { id: string; name: string; scopes: string[]; created_at: string; created_by: string | null; revoked_at: string | null }
