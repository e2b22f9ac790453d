import { word } from '@/i18n'

/** What it was about which somebody is asked: an emergency by its cause, a service by its help. */
export function subjectOf({ kind, help, cause }: { kind: string; help: string | null; cause: string }): string {
  return kind === 'emergency' ? word('cause', cause) : help ? word('help', help) : word('kind', kind)
}
