// What an operator's browser must load before the first case is on the screen.
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path/posix'
import { gzipSync } from 'node:zlib'

// The two pages of the demo show few words and fetch all of the console's. The helper's page has words of its own.
const CONSOLE = 'src/i18n'
const PAGES = {
  'index.html': { budget: 220, texts: CONSOLE },
  'demo.html': { budget: 130, texts: CONSOLE },
  'phones.html': { budget: 130, texts: CONSOLE },
  'provider.html': { budget: 70, texts: 'src/provider/texts' },
}
const dist = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('manifest.json', dist), 'utf8'))
let failed = false

function initial(name, found = new Set()) {
  if (found.has(name)) return found
  found.add(name)
  for (const next of manifest[name].imports ?? []) initial(next, found)
  return found
}

const packed = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length
// One language is fetched before anything is shown; which one depends on the person.
function largestLanguage(folder) {
  const languages = Object.keys(manifest).filter((name) => dirname(name) === folder && name.endsWith('.json'))
  if (languages.length !== 2) throw new Error(`the languages of ${folder} are not in files of their own`)
  return Math.max(...languages.map((name) => packed(manifest[name].file)))
}

for (const [page, { budget, texts }] of Object.entries(PAGES)) {
  const chunks = [...initial(page)].map((name) => manifest[name].file)
  const bytes = chunks.reduce((sum, file) => sum + packed(file), largestLanguage(texts))
  const kb = bytes / 1024
  if (kb > budget) failed = true
  console.log(`${page}: ${kb.toFixed(1)} KB of initial JavaScript, gzipped (budget ${budget})`)
}
for (const page of Object.keys(PAGES)) {
  const html = readFileSync(new URL(page, dist), 'utf8')
  if (/<style|<script(?![^>]*\bsrc=)|\son\w+=|style=/i.test(html)) {
    console.error(`${page}: an inline script or style would be refused by the content security policy`)
    failed = true
  }
}
process.exit(failed ? 1 : 0)
