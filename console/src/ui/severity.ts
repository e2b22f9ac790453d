import type { Priority } from '@/live/types'

/** Shape, word, colour and place each say the severity alone, so none of them has to be seen. */
export const SHAPES: Record<Priority, string> = { 1: '◆', 2: '▲', 3: '●', 4: '○' }
export const PRIORITIES: Priority[] = [1, 2, 3, 4]
