import type { IconName } from '@/ui/icons'
import { t } from './texts'
import type { Job } from './types'

export const ICON_OF: Record<string, IconName> = {
  meal: 'meal', bath: 'bath', medical: 'medical', clean: 'broom', emergency: 'bolt',
  mobility: 'walk', shopping: 'bag', leisure: 'music', chat: 'speak', learning: 'book',
}

type What = readonly [code: string, icon: IconName]

/** What can have been done, by the help that was asked for: few enough for one screen, none of them in words alone. */
const OF_HELP: Record<string, readonly What[]> = {
  meal: [['meal_brought', 'bag'], ['meal_cooked', 'meal'], ['meal_fed', 'heart'], ['dishes_washed', 'broom']],
  bath: [['bathed', 'bath'], ['hair_washed', 'person'], ['dressed', 'people'], ['skin_looked_at', 'eye']],
  medical: [['escorted', 'walk'], ['medicine_given', 'pill'], ['measured', 'pulse'], ['appointment_made', 'clock']],
  clean: [['cleaned', 'broom'], ['laundry_done', 'bath'], ['bed_made', 'home'], ['rubbish_out', 'down']],
  emergency: [['first_aid', 'medical'], ['lifted_up', 'up'], ['ambulance_called', 'phone'], ['family_told', 'people'], ['device_checked', 'device']],
  mobility: [['walked', 'walk'], ['driven', 'right'], ['carried_up', 'up']],
  shopping: [['bought', 'bag'], ['bill_handed_over', 'note']],
  leisure: [['activity_led', 'music'], ['activity_escorted', 'walk']],
  chat: [['talked', 'speak'], ['family_called', 'phone']],
  learning: [['phone_taught', 'device'], ['call_tried', 'phone']],
}
const ALWAYS: readonly What[] = [['home_safe', 'home'], ['nothing_done', 'cross']]

export function whatFor(help: string): readonly What[] {
  return [...(OF_HELP[help] ?? []), ...ALWAYS]
}

export function whom(job: Job): string {
  return [job.name ?? job.who.called, job.who.age === null ? '' : t('unit.age', { n: job.who.age })].filter(Boolean).join(' · ')
}
