export const PARTS = ['time', 'continuity', 'skill', 'load', 'fairness', 'acceptance'] as const
export type Part = (typeof PARTS)[number]
export type Weights = Record<Part, number>

export interface Points { weights: Weights; time_minutes: { best: number; worst: number }; unknown_share: number; visits_full: number }
export interface InForce extends Points { emergency: Points }
export interface Figures { minutes: number | null; continuity: number; gini: number }
export interface First { id: string; name: string; minutes: number | null; visits: number }
export interface Replay { matches: number; changed: number; before: Figures; after: Figures; cases: { case_id: string; at: string; before: First; after: First }[] }
