// The client behind the drop-in classes: chosen and checked when they are made, opened at their first call.
import { asOptions } from '../calls'
import { Keylatch } from '../client'
import { badArgument, ClosedError } from '../errors'
import { composioOpening, copied, vaultOpening, type ComposioOptions, type OpenOptions } from '../options'
import { kindOf } from '../secret'

/**
 * Which backend to use: the client given here; else Composio's API where an API key, a base URL or a version of the API is
 * given; else the vault given here; else Composio's API where the environment variable `COMPOSIO_API_KEY` is set; else the
 * vault in the platform's data folder. Buffers with keys are filled with zeros at once.
 */
export interface BackendOptions extends ComposioOptions {
  /** A client of your own, open or being opened. You close it. */
  client?: Keylatch | PromiseLike<Keylatch> | undefined
  /** How to open the local vault. */
  vault?: OpenOptions | undefined
}

/** @internal */
export class Backend {
  readonly #open: () => Promise<Keylatch>
  readonly #owned: boolean
  #opening: Promise<Keylatch> | undefined
  #closed = false

  constructor({ client, ...options }: BackendOptions) {
    this.#owned = client === undefined
    if (client === undefined) {
      this.#open = opener(options)
    } else {
      const given = Promise.resolve(client)
      // The first call tells, should it fail; nobody may be waiting for it yet.
      given.catch(() => undefined)
      this.#open = async () => checked(await given)
    }
  }

  /** The client; after a failure the next call tries again. */
  client(): Promise<Keylatch> {
    if (this.#closed)
      return Promise.reject(new ClosedError({ code: 'closed', message: 'this is closed; make a new one' }))
    if (!this.#opening) {
      this.#opening = this.#open()
      this.#opening.catch(() => (this.#opening = undefined))
    }
    return this.#opening
  }

  /** Closes what this has opened. */
  async close(): Promise<void> {
    const opening = this.#opening
    this.#closed = true
    if (this.#owned) await (await opening?.catch(() => undefined))?.close()
  }
}

function opener({ vault, ...project }: Omit<BackendOptions, 'client'>): () => Promise<Keylatch> {
  const { apiKey, baseUrl, apiVersion, ...connection } = project
  const named = [apiKey, baseUrl, apiVersion].some((value) => value !== undefined)
  if (named && vault !== undefined) {
    throw badArgument(
      'vault',
      'apiKey, baseUrl and apiVersion are for Composio’s API, vault is for a local one: not both',
    )
  }
  if (named || (vault === undefined && process.env['COMPOSIO_API_KEY'])) {
    const opening = composioOpening(project)
    return () => Keylatch.opened(copied(opening))
  }
  const opening = vaultOpening({ ...connection, ...asOptions('vault', vault) })
  return () => Keylatch.opened(copied(opening))
}

function checked(client: unknown): Keylatch {
  if (client instanceof Keylatch) return client
  throw badArgument('client', `client must be a Keylatch, or a promise of one, not ${kindOf(client)}`)
}
