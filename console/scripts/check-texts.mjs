// Both languages say the same things: the same keys, the same placeholders, nothing missing, nothing unused.
// And each text lies where it belongs: what the first page can say comes with it, the rest with the screens that say it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = new URL('../src/', import.meta.url).pathname
const faults = []
let counted = 0

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? files(path) : /\.(vue|ts)$/.test(entry.name) ? [path] : []
  })
}

/** The sources that come with `path` before anything is shown: its imports and theirs, without those that wait. */
function comesWith(path, found = new Set()) {
  if (found.has(path)) return found
  found.add(path)
  for (const [, from] of readFileSync(path, 'utf8').matchAll(/^\s*(?:import|export)\s[^'(]*?['"]([@.][^'"]*)['"]/gm)) {
    const at = from.startsWith('@/') ? join(root, from.slice(2)) : join(dirname(path), from)
    const next = [at, `${at}.ts`, join(at, 'index.ts')].find((file) => /\.(vue|ts)$/.test(file) && existsSync(file))
    if (next) comesWith(next, found)
  }
  return found
}

/** One of a kind may be said without its number: "once | {n} times". */
const placeholders = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort().join()
/** What a Chinese text has of the punctuation of another script: full-width marks alone, but inside numbers (10:42). */
const halfWidth = (text) => /[,;:?!()"']|\.(?=$|\s|[一-鿿])/.exec(text.replace(/(?<=\d)[:,.](?=\d)|\{\w+\}/g, ''))?.[0]
const dialogs = /^(takeover|release|reopen)\.(title|about|go)$/

/** Both languages of a folder; the keys of the Chinese. */
function read(folder) {
  const [zh, en] = ['zh-CN.json', 'en.json'].map((name) => JSON.parse(readFileSync(join(root, folder, name), 'utf8')))
  for (const key of new Set([...Object.keys(zh), ...Object.keys(en)])) {
    if (!(key in zh)) faults.push(`${folder}/zh-CN.json lacks ${key}`)
    else if (!(key in en)) faults.push(`${folder}/en.json lacks ${key}`)
    else if (placeholders(zh[key]) !== placeholders(en[key])) faults.push(`${key}: the placeholders differ`)
    else if (halfWidth(zh[key])) faults.push(`${folder}/zh-CN.json: ${key} says ${halfWidth(zh[key])} in half width`)
    else if (/[\u3001-\u303f\uff01-\uff5e]/.test(en[key])) faults.push(`${folder}/en.json: ${key} has full-width punctuation`)
    else if (/[\u4e00-\u9fff]/.test(en[key]) && !key.startsWith('demo.')) faults.push(`${key}: Chinese in en.json`)
  }
  counted += Object.keys(zh).length
  return Object.keys(zh)
}

/** What these sources say: a question for one key, and the keys that they name in full. */
function spoken(paths) {
  const sources = [...paths].map((path) => readFileSync(path, 'utf8')).join('\n')
  const exact = new Set([...sources.matchAll(/['"`]([a-z_]+(?:\.[\w-]+)+)['"`]/g)].map((match) => match[1]))
  // `priority.${n}` and word('cause', code) use every key of their group.
  const groups = new Set([
    ...[...sources.matchAll(/`([a-z_]+(?:\.[\w-]+)*)\.\$\{/g)].map((match) => match[1]),
    ...[...sources.matchAll(/`([a-z_.]+_)\$\{/g)].map((match) => match[1]),
    ...[...sources.matchAll(/word\(\s*'([a-z_]+)'/g)].map((match) => match[1]),
  ])
  const says = (key) => exact.has(key) || dialogs.test(key)
    || [...groups].some((group) => key.startsWith(group.endsWith('_') ? group : `${group}.`))
  return { says, named: [...sources.matchAll(/\bt\(\s*'([^']+)'/g)].map((match) => match[1]) }
}

function lacking(folder, keys, { says, named }) {
  for (const key of keys) if (!says(key)) faults.push(`${folder}: ${key} is used nowhere`)
  for (const key of named) if (!keys.includes(key)) faults.push(`${folder}: no text for ${key}`)
}

const helpers = files(join(root, 'provider'))
const ofVisits = read('provider/visits/texts')
lacking('provider', [...read('provider/texts'), ...ofVisits], spoken(helpers))
const helpersFirst = spoken(comesWith(join(root, 'provider/main.ts')))
for (const key of ofVisits) if (helpersFirst.named.includes(key)) faults.push(`provider/visits/texts: the first page says ${key}: move it to provider/texts`)

const all = files(root).filter((path) => !helpers.includes(path))
const first = ['console', 'demo', 'phones'].reduce((found, page) => comesWith(join(root, page, 'main.ts'), found), new Set())
const [firstKeys, screenKeys, atOnce] = [read('i18n'), read('i18n/screens'), spoken(first)]
lacking('i18n', [...firstKeys, ...screenKeys], spoken(all))
for (const key of firstKeys) if (!atOnce.says(key)) faults.push(`i18n: only screens that are fetched later say ${key}: move it to i18n/screens`)
for (const key of screenKeys) if (atOnce.says(key)) faults.push(`i18n/screens: the first page says ${key}: move it to i18n`)
if (process.argv.includes('--move')) move()

/** Puts each text of both files where it belongs. */
function move() {
  for (const name of ['zh-CN.json', 'en.json']) {
    const [at, later] = ['i18n', 'i18n/screens'].map((folder) => join(root, folder, name))
    const texts = { ...JSON.parse(readFileSync(at, 'utf8')), ...JSON.parse(readFileSync(later, 'utf8')) }
    const write = (path, which) => writeFileSync(path, `${JSON.stringify(Object.fromEntries(Object.entries(texts).filter(([key]) => which(key))), null, 2)}\n`)
    write(at, atOnce.says)
    write(later, (key) => !atOnce.says(key))
  }
  faults.length = 0
}

if (faults.length) {
  console.error(faults.join('\n'))
  process.exit(1)
}
console.log(`texts: ${counted} in both languages`)
