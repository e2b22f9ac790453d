import { idleSeconds } from '@/session/idle'
import type { Problem } from './types'
import { learnServerTime } from './clock'

const BASE = '/api/v1'
let csrf = ''
let onSignedOut: () => void = () => {}

/** For the demonstration of a lost line: nothing passes while this is set. */
let cut = false
export function cutWire(on: boolean): void { cut = on }

export function useCsrf(token: string): void { csrf = token }
export function whenSignedOut(handler: () => void): void { onSignedOut = handler }

/** What went wrong, in a form that a button can show. `code` is the last part of the problem's type. */
export class Failure extends Error {
  constructor(readonly code: string, readonly status: number, readonly problem: Problem | null) {
    super(code)
  }
  extra<T>(name: string): T | undefined {
    return this.problem?.[name] as T | undefined
  }
}

/** What was caught, as a `Failure`: a defect of our own is one too. */
export function asFailure(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure('unexpected', 0, null)
}

interface Ask {
  method?: string
  body?: unknown
  query?: Record<string, string | number | boolean | null | undefined>
  key?: string
  timeout?: number
}

export async function ask<T>(path: string, { method = 'GET', body, query, key, timeout = 10_000 }: Ask = {}): Promise<T> {
  if (cut) throw new Failure('unreachable', 0, null)
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), timeout)
  let answer: Response
  try {
    answer = await fetch(address(path, query), {
      method,
      credentials: 'same-origin',
      signal: abort.signal,
      headers: headers(method, body, key),
      body: body === undefined || body instanceof FormData ? body : JSON.stringify(body),
    })
  } catch {
    throw new Failure(abort.signal.aborted ? 'timeout' : 'unreachable', 0, null)
  } finally {
    clearTimeout(timer)
  }
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T
  throw await failure(answer, path)
}

/** Fetch a file by a deed that is written down, and save it under ``name``. Raises ``Failure``. */
export async function download(path: string, body: unknown, name: string): Promise<void> {
  if (cut) throw new Failure('unreachable', 0, null)
  const answer = await fetch(BASE + path, {
    method: 'POST',
    credentials: 'same-origin',
    headers: headers('POST', body),
    body: JSON.stringify(body),
  }).catch(() => { throw new Failure('unreachable', 0, null) })
  if (!answer.ok) throw await failure(answer, path)
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await answer.blob())
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

/** A file with its progress from 0 to 1. `fetch` cannot tell how much of a body has left; the old way can. */
export function upload<T>(path: string, form: FormData, key: string, progress: (part: number) => void): Promise<T> {
  if (cut) return Promise.reject(new Failure('unreachable', 0, null))
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', BASE + path)
    for (const [name, value] of Object.entries(headers('POST', undefined, key))) request.setRequestHeader(name, value)
    request.upload.onprogress = (event) => { if (event.lengthComputable) progress(event.loaded / event.total) }
    request.onerror = () => reject(new Failure('unreachable', 0, null))
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText) as T)
      else failure(new Response(request.responseText, { status: request.status }), path).then(reject, reject)
    }
    request.send(form)
  })
}

function headers(method: string, body: unknown, key?: string): Record<string, string> {
  const found: Record<string, string> = { Accept: 'application/json', 'X-Idle-Seconds': String(idleSeconds()) }
  if (body !== undefined && !(body instanceof FormData)) found['Content-Type'] = 'application/json'
  if (method !== 'GET' && csrf) found['X-CSRF-Token'] = csrf
  if (key) found['Idempotency-Key'] = key
  return found
}

function address(path: string, query: Ask['query']): string {
  const parts = Object.entries(query ?? {})
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
  return BASE + path + (parts.length ? `?${parts.join('&')}` : '')
}

async function failure(answer: Response, path: string): Promise<Failure> {
  let problem: Problem | null = null
  try {
    problem = (await answer.json()) as Problem
  } catch {
    problem = null
  }
  learnServerTime(problem?.server_time as string | undefined)
  const code = problem?.type?.split('/').pop() || `http-${answer.status}`
  if (answer.status === 401 && path !== '/session') onSignedOut()
  return new Failure(code, answer.status, problem)
}

export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
