import { baseCompile } from '@intlify/message-compiler'
import type { Plugin } from 'vite'

/**
 * Compiles the texts at build time, so that the page carries no message compiler
 * and runs under a content security policy without `unsafe-eval`.
 */
export function precompiledMessages(): Plugin {
  return {
    name: 'precompiled-messages',
    enforce: 'pre',
    transform(source, id) {
      if (!/\/src\/i18n\/(screens\/)?[\w-]+\.json$/.test(id)) return null
      const texts = JSON.parse(source) as Record<string, string>
      const compiled: Record<string, unknown> = {}
      for (const [key, text] of Object.entries(texts)) {
        compiled[key] = compile(text, key)
      }
      return { code: `export default ${JSON.stringify(compiled)}`, map: null, moduleType: 'js' }
    },
  }
}

function compile(text: string, key: string): unknown {
  const { ast } = baseCompile(text, {
    jit: true,
    minify: true,
    mangle: true,
    location: false,
    onError(error) {
      throw new Error(`text ${key}: ${error.message}`)
    },
  })
  return withoutPlaces(ast)
}

/** The places in the source text are of no use at run time and double the size. */
function withoutPlaces(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutPlaces)
  if (node && typeof node === 'object') {
    return Object.fromEntries(
      Object.entries(node)
        .filter(([name]) => !['loc', 'start', 'end'].includes(name))
        .map(([name, value]) => [name, withoutPlaces(value)]),
    )
  }
  return node
}
