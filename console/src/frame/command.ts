import type { CaseRow, Priority } from '@/live/types'

/** What was typed in the command bar: a verb in Chinese or English, a case, the rest. */
export type CommandVerb = 'take' | 'note' | 'hold' | 'priority' | 'close' | 'open' | 'call' | 'goto' | 'intake'
export interface Command { verb: CommandVerb; row: CaseRow | null; rest: string; minutes?: number; priority?: Priority; place?: string }

const WORDS: Record<CommandVerb, string[]> = {
  take: ['take', 't', '接', '接警'],
  note: ['note', 'n', '备注', '记'],
  hold: ['hold', 'h', '搁置'],
  priority: ['priority', 'p', '优先级', '级别'],
  close: ['close', 'c', '办结', '结案'],
  open: ['open', 'o', '打开', '看'],
  call: ['call', '呼叫', '打电话', '回拨'],
  goto: ['go', 'g', '去', '转到'],
  intake: ['intake', 'new', '登记'],
}
const PLACES: Record<string, string[]> = {
  workplace: ['workplace', 'w', '工作台'],
  history: ['history', 'cases', 'c', '事件', '事件列表'],
  elders: ['elders', 'register', 'r', '老人档案', '档案'],
  spread: ['distribution', 'map', 'm', '分布', '老人分布'],
  signals: ['unread', 'unreadable', 'u', '未识别', '未识别报文'],
  handover: ['handover', 'h', '交接班', '转班'],
  supervision: ['supervision', 's', '督导'],
  quality: ['quality', 'q', '质检'],
  engine: ['engine', 'health', 'e', '运行', '运行状态'],
}
const TIME = /^(\d+)\s*(h|小时|时|m|min|分钟|分)?$/i

/** Needs no space between a Chinese verb and its number: 接372 is 接 372. */
export function parse(text: string, rows: CaseRow[], current: CaseRow | null): Command | null {
  const spaced = text.trim().replace(/^([\u4e00-\u9fff]+)(\d)/, '$1 $2')
  const [first = '', ...words] = spaced.split(/\s+/)
  const verb = (Object.keys(WORDS) as CommandVerb[]).find((one) => WORDS[one].includes(first.toLowerCase()))
  if (!verb) return null
  if (verb === 'intake') return { verb, row: null, rest: words.join(' ') }
  if (verb === 'goto') {
    const place = Object.keys(PLACES).find((name) => PLACES[name]?.includes((words[0] ?? '').toLowerCase()))
    return place ? { verb, row: null, rest: '', place } : null
  }
  const named = numbered(words[0] ?? '', rows)
  if (named) words.shift()
  return withDetails({ verb, row: named ?? current, rest: words.join(' ') }, words)
}

function numbered(text: string, rows: CaseRow[]): CaseRow | null {
  const number = text.replace(/^[#号]/, '')
  if (!/^[\w-]*\d[\w-]*$/.test(number) || TIME.test(number) && /[a-z分时小]/i.test(number)) return null
  return rows.find((row) => String(row.number) === number) ?? rows.find((row) => String(row.number).endsWith(number)) ?? null
}

function withDetails(command: Command, words: string[]): Command {
  if (command.verb === 'hold') {
    const found = TIME.exec(words[0] ?? '')
    if (found) {
      const hours = /^(h|小时|时)$/i.test(found[2] ?? '')
      return { ...command, minutes: Number(found[1]) * (hours ? 60 : 1), rest: words.slice(1).join(' ') }
    }
  }
  if (command.verb === 'priority') {
    const found = /^p?([1-4])$/i.exec(words[0] ?? '')
    if (found) return { ...command, priority: Number(found[1]) as Priority, rest: words.slice(1).join(' ') }
  }
  return command
}
