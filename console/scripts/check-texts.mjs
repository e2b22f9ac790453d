// Both languages say the same things: the same keys, the same placeholders, nothing missing, nothing unused.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('../src/', import.meta.url).pathname
const faults = []
let counted = 0

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? files(path) : /\.(vue|ts)$/.test(entry.name) ? [path] : []
  })
}

const placeholders = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort().join()
const dialogs = /^(takeover|release|reopen)\.(title|about|go)$/

/** `folder` has both languages, and `paths` are the sources that speak them. */
function check(folder, paths) {
  const read = (name) => JSON.parse(readFileSync(join(root, folder, name), 'utf8'))
  const zh = read('zh-CN.json')
  const en = read('en.json')
  for (const key of new Set([...Object.keys(zh), ...Object.keys(en)])) {
    if (!(key in zh)) faults.push(`${folder}/zh-CN.json lacks ${key}`)
    else if (!(key in en)) faults.push(`${folder}/en.json lacks ${key}`)
    else if (placeholders(zh[key]) !== placeholders(en[key])) faults.push(`${key}: the placeholders differ`)
    else if (/[\u4e00-\u9fff]/.test(en[key]) && !key.startsWith('demo.')) faults.push(`${key}: Chinese in en.json`)
  }

  const sources = paths.map((path) => readFileSync(path, 'utf8')).join('\n')
  const exact = new Set([...sources.matchAll(/['"`]([a-z_]+(?:\.[\w-]+)+)['"`]/g)].map((match) => match[1]))
  // `priority.${n}` and word('cause', code) use every key of their group.
  const groups = new Set([
    ...[...sources.matchAll(/`([a-z_]+(?:\.[\w-]+)*)\.\$\{/g)].map((match) => match[1]),
    ...[...sources.matchAll(/`([a-z_.]+_)\$\{/g)].map((match) => match[1]),
    ...[...sources.matchAll(/word\(\s*'([a-z_]+)'/g)].map((match) => match[1]),
  ])
  function isUsed(key) {
    if (exact.has(key) || dialogs.test(key)) return true
    for (const group of groups) if (key.startsWith(group.endsWith('_') ? group : `${group}.`)) return true
    return false
  }
  for (const key of Object.keys(zh)) if (!isUsed(key)) faults.push(`${folder}: ${key} is used nowhere`)
  for (const match of sources.matchAll(/\bt\(\s*'([^']+)'/g)) if (!(match[1] in zh)) faults.push(`${folder}: no text for ${match[1]}`)
  counted += Object.keys(zh).length
}

const helpers = files(join(root, 'provider'))
check('i18n', files(root).filter((path) => !helpers.includes(path)))
check('provider/texts', helpers)

if (faults.length) {
  console.error(faults.join('\n'))
  process.exit(1)
}
console.log(`texts: ${counted} in both languages`)
