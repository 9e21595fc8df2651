// What calls of the native side come to. For all that have come since it last looked, this thread is woken once.
import { native, type Outcome } from './addon'

const waiting = new Map<number, (outcome: Outcome) => void>()

/**
 * Where the native side leaves what this thread's calls come to.
 *
 * @internal
 */
export const answers = new native.NativeAnswers(() => {
  for (const outcome of answers.take()) {
    const call = outcome.call!
    waiting.get(call)!(outcome)
    waiting.delete(call)
  }
})

/**
 * What a call comes to: given the number that its outcome will have, or the outcome.
 *
 * @internal
 */
export function outcomeOf(call: number | Outcome): Promise<Outcome> | Outcome {
  return typeof call === 'number' ? new Promise((resolve) => waiting.set(call, resolve)) : call
}
