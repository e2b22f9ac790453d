import { defineStore } from 'pinia'
import { io, type Socket } from 'socket.io-client'
import { computed, ref } from 'vue'
import { ask, cutWire, Failure } from './api'
import { learnServerTime, serverNow } from './clock'
import { useLive } from './store'
import type { Beat, EngineState, LiveBatch, SessionAnswer } from './types'

export type LinkState = 'starting' | 'live' | 'slow' | 'lost' | 'syncing'

const SLOW_MS = 3_000
const LOST_MS = 6_000
const BACK_MS = 12_000

/** The line to the centre: how old the data is, and since when it is cut. */
export const useLink = defineStore('link', () => {
  const live = useLive()
  const connected = ref(false)
  const age = ref(0)
  const lostAt = ref<number | null>(null)
  const back = ref<{ seconds: number; urgent: number; until: number } | null>(null)
  const engine = ref<EngineState | null>(null)
  const build = ref('')
  const serverBuild = ref('')
  const cutUntil = ref(0)
  const heard = ref(false)

  let socket: Socket | null = null
  let heardAt = performance.now()
  let urgentBefore = new Set<string>()
  const lostListeners = new Set<(lost: boolean) => void>()
  const refusedListeners = new Set<() => void>()

  const state = computed<LinkState>(() => {
    if (!heard.value && lostAt.value === null) return 'starting'
    if (lostAt.value !== null) return 'lost'
    if (live.phase === 'catching') return 'syncing'
    return age.value > SLOW_MS ? 'slow' : 'live'
  })
  const lost = computed(() => state.value === 'lost')
  const outdated = computed(() => !!build.value && !!serverBuild.value && build.value !== serverBuild.value)

  function open(session: SessionAnswer): void {
    build.value ||= session.build
    close()
    heardAt = performance.now()
    socket = io('/console', {
      path: '/socket.io',
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      reconnectionDelay: 400,
      reconnectionDelayMax: 2_500,
      timeout: 5_000,
    })
    socket.on('connect', onConnect)
    socket.on('disconnect', onDisconnect)
    socket.on('connect_error', onRefused)
    socket.on('live', (batch: LiveBatch) => { hear(); live.receive(batch) })
    socket.on('beat', onBeat)
    void live.sync()
  }

  function close(): void {
    socket?.removeAllListeners()
    socket?.disconnect()
    socket = null
    connected.value = false
  }

  function onConnect(): void {
    connected.value = true
    if (live.seq >= 0) void live.sync()
  }

  function onDisconnect(reason?: string): void {
    // Sent away by the server: the session has ended, or the rights have changed. Only asking again tells which.
    if (reason === 'io server disconnect') socket?.connect()
    connected.value = false
    heard.value = true
    markLost()
  }

  /** A refused connection may mean that the session is over: ask, and the answer's 401 opens the sign-in sheet. */
  function onRefused(): void {
    connected.value = false
    void ask<SessionAnswer>('/session').then(noteBuild).catch((error) => {
      if (error instanceof Failure && error.status === 401) refusedListeners.forEach((listener) => listener())
    })
  }

  function onBeat(beat: Beat): void {
    learnServerTime(beat.server_time)
    hear()
    if (beat.engine) engine.value = beat.engine
    if (beat.build) serverBuild.value = beat.build
    live.beat(beat)
  }

  function hear(): void {
    heardAt = performance.now()
    age.value = 0
    heard.value = true
    if (lostAt.value !== null) void comeBack()
  }

  function markLost(): void {
    if (lostAt.value !== null) return
    lostAt.value = serverNow()
    back.value = null
    urgentBefore = new Set(live.all.map((row) => row.id))
    lostListeners.forEach((listener) => listener(true))
  }

  async function comeBack(): Promise<void> {
    const since = lostAt.value
    if (since === null) return
    lostAt.value = null
    lostListeners.forEach((listener) => listener(false))
    await live.sync()
    const missed = live.all.filter((row) => !urgentBefore.has(row.id)).length
    back.value = { seconds: Math.round((serverNow() - since) / 1000), urgent: missed, until: serverNow() + BACK_MS }
  }

  /** For the demonstration: the line is cut as if somebody had pulled the plug. */
  function cutFor(milliseconds: number): void {
    cutUntil.value = serverNow() + milliseconds
    cutWire(true)
    socket?.disconnect()
    onDisconnect()
    setTimeout(() => { cutUntil.value = 0; cutWire(false); socket?.connect() }, milliseconds)
  }

  function noteBuild(session: SessionAnswer): void { serverBuild.value = session.build }

  function whenRefused(listener: () => void): void { refusedListeners.add(listener) }

  function whenLost(listener: (lost: boolean) => void): void { lostListeners.add(listener) }

  setInterval(() => {
    if (!socket) return
    age.value = performance.now() - heardAt
    if (age.value > LOST_MS) markLost()
    if (back.value && back.value.until < serverNow()) back.value = null
  }, 250)

  return {
    state, lost, lostAt, age, back, engine, build, serverBuild, outdated, connected, cutUntil,
    open, close, cutFor, whenLost, whenRefused,
  }
})
