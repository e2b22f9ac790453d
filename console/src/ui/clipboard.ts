/**
 * Answers whether the text is in the clipboard. Over plain HTTP no page may write to it, and a browser may forbid it: then
 * what shows the text is marked, for Ctrl+C.
 */
export async function copyText(text: string, shown?: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    if (shown) getSelection()?.selectAllChildren(shown)
    return false
  }
}
