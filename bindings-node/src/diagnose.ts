// Looking at a vault that may not open.
import { native } from './addon'
import { answers, outcomeOf } from './answers'
import { asOptions, settle } from './calls'
import type { Diagnosis } from './model'
import { camelKeys } from './names'
import { vaultOpening, type OpenOptions } from './options'

/**
 * The state of a vault, whether or not it opens: its file, format, key and records, and what to do about what is wrong. The
 * options are those of `Keylatch.open`. Nothing is made, and nothing is changed.
 *
 * @example
 * ```ts
 * const { warnings } = await diagnose({ path: 'vault.db' })
 * for (const warning of warnings) console.log(warning)
 * ```
 * @throws InvalidArgumentError for options that cannot be. What is wrong with the vault is told in the answer.
 */
export async function diagnose(options?: OpenOptions): Promise<Diagnosis> {
  const { options: plain, key, passphrase, token } = vaultOpening(asOptions('diagnose', options))
  const outcome = settle(await outcomeOf(native.NativeClient.diagnose(answers, plain, key, passphrase, token)))
  return camelKeys(JSON.parse(outcome.json ?? '{}') as object)
}
