import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { Plugin } from 'vite'

interface Chunk { type: 'chunk'; fileName: string; name: string; code: string; imports: string[]; dynamicImports: string[]; viteMetadata?: { importedCss: Set<string>; importedAssets: Set<string> } }

/** Tells the worker `name` which files the page `page` consists of, with everything that it fetches later. */
export function worker(name: string, page: string): Plugin {
  let base = '/'
  return {
    name: 'worker-files',
    enforce: 'post',
    configResolved(config) { base = config.base },
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((one): one is typeof one & Chunk => one.type === 'chunk')
      const byFile = new Map(chunks.map((chunk) => [chunk.fileName, chunk as Chunk]))
      const entry = chunks.find((chunk) => chunk.name === page) as Chunk | undefined
      const script = chunks.find((chunk) => chunk.name === name) as Chunk | undefined
      if (!entry || !script) throw new Error(`${page} and ${name} are no entries of this build`)
      if (script.imports.length) throw new Error(`${name} must stand alone: ${script.imports.join()}`)
      const files = new Set<string>()
      const follow = (file: string): void => {
        const chunk = byFile.get(file)
        if (!chunk || files.has(file)) return
        files.add(file)
        chunk.viteMetadata?.importedCss.forEach((one) => files.add(one))
        chunk.viteMetadata?.importedAssets.forEach((one) => files.add(one))
        for (const next of [...chunk.imports, ...chunk.dynamicImports]) follow(next)
      }
      follow(entry.fileName)
      // What the page itself names: its styles and its icon.
      const html = Object.values(bundle).find((one) => basename(one.fileName) === `${page}.html`)
      const source = html?.type === 'asset' ? String(html.source) : ''
      for (const [, file] of source.matchAll(/(?:href|src)="([^"]+)"/g)) files.add(file.slice(base.length))
      const list = [...files].sort().map((file) => base + file)
      const version = createHash('sha256').update(source).update(list.join()).update(script.code).digest('hex').slice(0, 16)
      script.code = script.code.replaceAll('SHELL_FILES', JSON.stringify(list)).replaceAll('SHELL_VERSION', JSON.stringify(version))
    },
  }
}
