/** The simulated telephones of the demo: what the server tells of them, and what one can do with them. */
export interface PhoneMessage { id: string; direction: 'in' | 'out'; channel: 'sms' | 'voice'; body: string; state: string; at: string }
export interface Call { call_id: string; since: string; text: string }
export interface Phone {
  number: string
  owner_label: string
  kind: 'duty' | 'contact' | 'elder' | 'worker'
  unread: number
  ringing: Call | null
  /** A call that was answered and has not ended. */
  talking: Call | null
  messages: PhoneMessage[]
}
export interface Network { delay_ms: number; loss: number; duplicate: number; down: boolean }

let csrf = ''

/** In the demo the phones may be opened by themselves; with a session its token goes along. */
async function token(): Promise<string> {
  if (csrf) return csrf
  try {
    const answer = await fetch('/api/v1/session')
    if (answer.ok) csrf = ((await answer.json()) as { csrf_token: string }).csrf_token
  } catch {
    csrf = ''
  }
  return csrf
}

async function send<T>(path: string, method: string, body?: unknown, again = true): Promise<T> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' }
  if (method !== 'GET') headers['X-CSRF-Token'] = await token()
  const answer = await fetch(`/api/v1/sim${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json().catch(() => undefined)) as T
  if (again && (answer.status === 401 || answer.status === 403) && method !== 'GET') {
    csrf = ''
    return send(path, method, body, false)
  }
  throw new Error(String(answer.status))
}

const of = (number: string, act: string) => `/phones/${encodeURIComponent(number)}/${act}`

export const phones = {
  list: () => send<{ items: Phone[] }>('/phones', 'GET'),
  answer: (number: string) => send(of(number, 'answer'), 'POST', {}),
  hangUp: (number: string) => send(of(number, 'hangup'), 'POST', {}),
  press: (number: string, digit: string) => send(of(number, 'press'), 'POST', { digit }),
  reply: (number: string, text: string) => send(of(number, 'reply'), 'POST', { text }),
  network: () => send<Network>('/network', 'GET'),
  setNetwork: (network: Network) => send<Network>('/network', 'PUT', network),
}
