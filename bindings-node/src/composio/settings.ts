// The developer's own values for an app, as Keylatch's integrations take them.
import type { Keylatch } from '../client'
import type { NewIntegration } from '../integrations'
import type { Integration } from '../model'
import type { Params } from '../params'

/** Values that the developer gives for all users, by wire name; `base_url` says where requests go. */
export type DeveloperValues = Params

/**
 * Makes an integration with these values.
 *
 * @internal
 */
export async function createIntegration(
  client: Keylatch,
  options: NewIntegration,
  values: DeveloperValues | undefined,
): Promise<Integration> {
  return client.integrations.create((await completed(client, options, values)).options)
}

/**
 * The newest integration with values for the same fields, else a new one. Values themselves cannot be compared; an address
 * can.
 *
 * @internal
 */
export async function fittingIntegration(
  client: Keylatch,
  given: NewIntegration,
  values: DeveloperValues | undefined,
): Promise<Integration> {
  const { options, scheme } = await completed(client, given, values)
  const { app, allow, baseUrl, fixedValues = {}, signal } = options
  const fixed = Object.keys(fixedValues).filter((name) => fixedValues[name] !== undefined)
  const found = (await client.integrations.list({ app, signal })).find(
    (each) =>
      each.authScheme === scheme &&
      each.fixedFields.length === fixed.length &&
      fixed.every((name) => each.fixedFields.includes(name)) &&
      (allow === undefined || sameNames(each.allow, allow)) &&
      (baseUrl === undefined || each.baseUrl === baseUrl),
  )
  return found ?? client.integrations.create(options)
}

/** Whether both lists hold the same names, in any order. */
function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return one.every((name) => other.includes(name)) && other.every((name) => one.includes(name))
}

/** The options with the values in their places, and the scheme that they are for. */
async function completed(
  client: Keylatch,
  options: NewIntegration,
  values: DeveloperValues | undefined,
): Promise<{ options: NewIntegration; scheme: string | undefined }> {
  const { app, authScheme, signal } = options
  const { schemes } = await client.apps.get({ app, signal })
  const wanted = authScheme?.toUpperCase() ?? schemes[0]?.authScheme
  const scheme = schemes.find((each) => each.authScheme === wanted)
  const { base_url: address, ...rest } = values ?? {}
  const isAddress = typeof address === 'string' && !scheme?.fields.some(({ name }) => name === 'base_url')
  const placed = isAddress ? { baseUrl: options.baseUrl ?? address, fixedValues: rest } : { fixedValues: values }
  return { options: { ...options, ...placed }, scheme: wanted }
}
