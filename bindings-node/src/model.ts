// What the calls answer: apps, fields, integrations and connections. Never a credential.
import type { Verdict } from './errors'
import { camelKeys } from './names'

/** How an app is authenticated. The set is open: expect names that this version does not list. */
export type AuthScheme = 'API_KEY' | 'BEARER_TOKEN' | 'BASIC' | 'NO_AUTH' | (string & {})

/** What an integration may allow that is refused otherwise; each allows its own kind only. The set is open. */
export type Permission =
  | 'loopback'
  | 'private'
  | 'link_local'
  | 'metadata'
  | 'reserved'
  | 'unencrypted'
  | 'ports'
  | 'international_names'
  | 'through_proxy'
  | 'reveal'
  | (string & {})

/** Where a connection stands. The set is open: expect names that this version does not list. */
export type Status =
  'INITIALIZING' | 'INITIATED' | 'ACTIVE' | 'FAILED' | 'EXPIRED' | 'INACTIVE' | 'REVOKED' | (string & {})

/** Anything that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** The type of a value. The set is open: expect names that this version does not list. */
export type FieldType = 'string' | 'text' | 'integer' | 'number' | 'boolean' | 'url' | (string & {})

/** That another field has one of some values. */
export interface FieldCondition {
  /** Wire name of the other field. */
  readonly field: string
  /** The values. */
  readonly values: readonly string[]
}

/** One thing that the user must type. */
export class Field {
  /** Wire name: the key in `connectionParams`. */
  declare readonly name: string
  /** Label for people. */
  declare readonly displayName: string
  /** What it is, in a sentence. */
  declare readonly description: string
  /** Type of the value. */
  declare readonly type: FieldType
  /** Whether it must be given. */
  declare readonly required: boolean
  /** Whether it must be hidden while typed and never shown again. */
  declare readonly isSecret: boolean
  /** The value taken when none is given. */
  declare readonly default?: string
  /** The only values allowed, where they are few. */
  declare readonly enum?: readonly string[]
  /** What people know the values of `enum` by, in the same order. */
  declare readonly enumLabels?: readonly string[]
  /** Only where this holds is the field asked for, and taken; `required` is meant for that case. */
  declare readonly when?: FieldCondition
  /** Regular expression that the value must match. */
  declare readonly pattern?: string
  /** What one looks like; never a real one. */
  declare readonly example?: string
  /** What values usually look like, in a sentence; others are taken with a warning. */
  declare readonly hint?: string
  /** Page where the user finds or makes it. */
  declare readonly helpUrl?: string
  /** What may stand before the value, as in an address that was pasted; it is taken off. */
  declare readonly stripPrefix?: readonly string[]
  /** What may stand behind it. */
  declare readonly stripSuffix?: readonly string[]

  /** @internal */
  constructor(raw: object) {
    Object.assign(this, camelKeys(raw))
  }

  /** The same as `isSecret`. */
  get secret(): boolean {
    return this.isSecret
  }
  /** The same as `displayName`. */
  get display_name(): string {
    return this.displayName
  }
  /** The same as `isSecret`. */
  get is_secret(): boolean {
    return this.isSecret
  }
  /** Always `true`: fields that the developer has fixed are not listed. */
  get expected_from_customer(): true {
    return true
  }
}

/** One way to connect an app. */
export interface Scheme {
  /** Its name. */
  readonly authScheme: AuthScheme
  /** What the user gives. */
  readonly fields: readonly Field[]
  /** What the developer gives to an integration; none on a vault. */
  readonly developerFields: readonly Field[]
  /** Where requests go; `{field}` stands for a value of the user's. */
  readonly baseUrl: string
  /** Whether the provider can be asked about a credential. */
  readonly checkable: boolean
}

/** A parameter of an action. */
export interface ActionParam {
  /** Its name: the key in `params`. */
  readonly name: string
  /** What it is, in a sentence. */
  readonly description: string
  /** Type of the value. */
  readonly type: FieldType
  /** Whether it must be given. */
  readonly required: boolean
}

/** Something that `executeAction` does with a connection. */
export interface Action {
  /** Its name, such as `STRIPE_RETRIEVE_BALANCE`; compared without regard to case. */
  readonly name: string
  /** What it does, in a sentence. */
  readonly description: string
  /** What it takes. */
  readonly params: readonly ActionParam[]
}

/** What an action brought. */
export interface ActionResult {
  /** The app's answer; what is not a JSON object stands in one, as `value`. */
  readonly data: { readonly [name: string]: Json }
  /** Always `true`: an action that failed is an ActionFailedError. */
  readonly successful: boolean
  /** Composio's id for what it did. */
  readonly logId?: string
}

/** Something with an API that users have keys for. */
export interface App {
  /** Its name in calls, compared without regard to case. */
  readonly slug: string
  /** Its name for people. */
  readonly name: string
  /** One coarse category. */
  readonly category: string
  /** The provider's page on authentication. */
  readonly docsUrl?: string
  /** Whether this client registered it at run time. */
  readonly custom: boolean
  /** How it can be connected, the preferred way first. */
  readonly schemes: readonly Scheme[]
  /** What `executeAction` can do, as far as it is known beforehand. */
  readonly actions: readonly Action[]
}

/** An app that a credential could be of, by its form. */
export interface KeyOrigin {
  /** Slug of the app. */
  readonly app: string
  /** Its name for people. */
  readonly appName: string
  /** The auth scheme with the field. */
  readonly authScheme: AuthScheme
  /** Wire name of the field that such values are for. */
  readonly field: string
  /** Whether the form is clear, and that of no other app that is known here. */
  readonly certain: boolean
}

/** The developer's configuration of one app with one scheme. */
export interface Integration {
  /** Its id, `ac_…`. */
  readonly id: string
  /** Slug of the app. */
  readonly app: string
  /** The auth scheme. */
  readonly authScheme: AuthScheme
  /** The developer's name for it. */
  readonly name: string
  /** Where requests go instead of the app's own base URL. */
  readonly baseUrl?: string
  /** Wire names of the fields whose values the developer has fixed; users are not asked for them. */
  readonly fixedFields: readonly string[]
  /** What its hosts may be beyond public ones. */
  readonly allow: readonly Permission[]
  /** When it was made (RFC 3339, UTC). */
  readonly createdAt: string
}

/** @internal */
export interface RawExpectedParams {
  expected_params: object[]
  developer_params: object[]
}

/** What a user must give to connect. */
export class ExpectedParams {
  /** Slug of the app. */
  declare readonly app: string
  /** The integration that the fields are for. */
  declare readonly integrationId: string
  /** Its auth scheme. */
  declare readonly authScheme: AuthScheme
  /** The fields, in the order to ask. */
  declare readonly expectedParams: readonly Field[]
  /** What you, the developer, must give to the integration, and not the user; empty on a vault. */
  declare readonly developerParams: readonly Field[]
  /** The same as JSON Schema, draft 2020-12; secrets are `writeOnly` with format `password`. */
  declare readonly jsonSchema: { readonly [keyword: string]: Json }

  /** @internal */
  constructor(raw: RawExpectedParams) {
    const [expectedParams, developerParams] = [raw.expected_params, raw.developer_params].map((fields) =>
      fields.map((field) => new Field(field)),
    )
    Object.assign(this, camelKeys(raw), { expectedParams, developerParams })
  }

  /** The same as `expectedParams`. */
  get expectedInputFields(): readonly Field[] {
    return this.expectedParams
  }
  /** The same as `expectedParams`. */
  get expected_params(): readonly Field[] {
    return this.expectedParams
  }
}

/** What a user must give to connect an app, by name. */
export class RequiredParams {
  /** Slug of the app. */
  readonly app: string
  /** The auth scheme. */
  readonly authScheme: AuthScheme
  /** The integration that the fields are for. */
  readonly integrationId: string
  /** Wire names of what the user must give. */
  readonly required_fields: readonly string[]
  /** Wire names of what the user may give. */
  readonly optional_fields: readonly string[]
  /** Wire names of everything that the user gives. */
  readonly expected_from_user: readonly string[]
  /** The fields themselves, with descriptions, in the order to ask. */
  readonly fields: readonly Field[]

  /** @internal */
  constructor(params: ExpectedParams) {
    const names = (wanted: (field: Field) => boolean): string[] =>
      params.expectedParams.filter(wanted).map((field) => field.name)
    this.app = params.app
    this.authScheme = params.authScheme
    this.integrationId = params.integrationId
    this.required_fields = names((field) => field.required)
    this.optional_fields = names((field) => !field.required)
    this.expected_from_user = names(() => true)
    this.fields = params.expectedParams
  }

  /** The same as `fields`. */
  get expectedInputFields(): readonly Field[] {
    return this.fields
  }
}

/** One user's connection to one app. It never carries the credential. */
export interface Connection {
  /** The connected account's id, `ca_…`. */
  readonly id: string
  /** Slug of the app. */
  readonly app: string
  /** Auth scheme of its integration. */
  readonly authScheme: AuthScheme
  /** The integration it belongs to. */
  readonly integrationId: string
  /** The application's user whose connection it is. */
  readonly entityId: string
  /** Where it stands. */
  readonly status: Status
  /** What the provider said last. */
  readonly verdict: Verdict
  /** When the provider was last asked (RFC 3339, UTC). */
  readonly verifiedAt?: string
  /** Whose account it is, where the provider tells. */
  readonly account?: string
  /** The application's own name for it, unique per entity and app. */
  readonly alias?: string
  /** The application's labels. */
  readonly labels: readonly string[]
  /** The application's own data, as it was given. */
  readonly metadata: Json
  /** When it was made (RFC 3339, UTC). */
  readonly createdAt: string
  /** When it was last changed (RFC 3339, UTC). */
  readonly updatedAt: string
}

/** One request that was made to check a credential, and what it said. */
export interface Evidence {
  /** Method and path as the catalogue writes them; no value of the user's shows. */
  readonly request: string
  /** The HTTP status, where there was an answer. */
  readonly status?: number
  /** The server's own code where it does not speak HTTP (such as the SQLSTATE `28P01`), or why there was no answer. */
  readonly detail?: string
  /** What this answer alone means. */
  readonly verdict: Verdict
}

/** Something about the input that was put right, and that the user may want to know. */
export interface Warning {
  /** Wire name of the field. */
  readonly field: string
  /** What was done. */
  readonly message: string
}

/** The answer to a renewed check of a connection. */
export interface Verification {
  /** Id of the connection. */
  readonly connectedAccountId: string
  /** Its status after the check. */
  readonly status: Status
  /** What the provider said. */
  readonly verdict: Verdict
  /** When (RFC 3339, UTC); absent where the app has no check. */
  readonly verifiedAt?: string
  /** Whose account it is, where the provider tells. */
  readonly account?: string
  /** The requests behind the verdict. */
  readonly evidence: readonly Evidence[]
}

/** One connection that a round of checks came by. */
export interface Recheck {
  /** Id of the connection. */
  readonly connectedAccountId: string
  /** The application's user whose connection it is. */
  readonly entityId: string
  /** Slug of the app. */
  readonly app: string
  /** Its status before the check. */
  readonly previousStatus: Status
  /** Its status after the check. */
  readonly status: Status
  /** What the provider said; `not_checked` where it was not asked. */
  readonly verdict: Verdict
  /**
   * Why the provider was not asked: `rate_limited` where the app had asked to come back later, else the code of the error,
   * such as `corrupt_record`.
   */
  readonly skipped?: string
}

/** A connection that has become EXPIRED: the app no longer takes its credentials, so ask its user for new ones. */
export interface Expired {
  /** Id of the connection. */
  readonly connectedAccountId: string
  /** The application's user whose connection it is. */
  readonly entityId: string
  /** Slug of the app. */
  readonly app: string
  /** Its status before. */
  readonly previousStatus: Status
}

/** One batch of a round of checks. */
export interface Rechecks {
  /** What this batch came by, in that order. */
  readonly items: readonly Recheck[]
  /** Give it back as `cursor` for the next batch; absent on the last. */
  readonly nextCursor?: string
  /** How many the round will come by yet; absent where Composio does not tell. */
  readonly remaining?: number
}

/** The state of a vault. It holds ids and paths, never a credential or a key; what could not be found out is absent. */
export interface Diagnosis {
  /** The vault's file, as a path from the root. */
  readonly path: string
  /** Whether the file is there. */
  readonly exists: boolean
  /** Size of the file in bytes, without its log. */
  readonly size?: number
  /** Who may do what with the file, as `chmod` writes it, such as `600`; absent on Windows. */
  readonly mode?: string
  /** The same of the folder that it is in. */
  readonly folderMode?: string
  /** The version of the vault's file. */
  readonly format?: number
  /** Whether the file's structure is whole. */
  readonly intact?: boolean
  /** Where the key comes from: `file`, `bytes`, `environment`, `passphrase`, `keyring` or `transit`. */
  readonly keySource: string
  /** The key file, where the key comes from one. */
  readonly keyFile?: string
  /** Whether the key opens the vault. */
  readonly keyFits?: boolean
  /** How many data keys there are: one, or more while a rotation is under way and where records do not open. */
  readonly dataKeys?: number
  /** How many records are sealed with another data key than the newest. */
  readonly olderRecords?: number
  /** How many integrations there are. */
  readonly integrations?: number
  /** How many connections there are. */
  readonly connections?: number
  /** Ids of integrations that do not open, and with them none of their connections. */
  readonly damagedIntegrations: readonly string[]
  /** Ids of connections whose own record does not open. */
  readonly damagedConnections: readonly string[]
  /** Whether the key is in memory that is not swapped out; absent where no key is held. */
  readonly memoryLocked?: boolean
  /** What is wrong, a sentence each, and what to do about it. Empty where all is well. */
  readonly warnings: readonly string[]
}

/** One batch of a rotation of the data key. */
export interface Rotation {
  /** Id of the newest data key. */
  readonly keyId: string
  /** How many records this batch has sealed with it. */
  readonly resealed: number
  /** How many the rotation will come by yet. */
  readonly remaining: number
  /** Integrations that this batch came by and that do not open: they stay as they are. */
  readonly damagedIntegrations: readonly string[]
  /** Connections that this batch came by and that do not open: they stay as they are. */
  readonly damagedConnections: readonly string[]
  /**
   * On the last batch: ids of older data keys that stay, since records that do not open are sealed with them. A later rotation
   * deletes them, once these records are deleted or have new credentials.
   */
  readonly keptKeys: readonly string[]
  /** Give it back as `cursor` for the next batch; absent on the last. */
  readonly nextCursor?: string
}

/** An entry of the audit log. It holds no credential, and no id of a user or connection in clear. */
export interface AuditEntry {
  /** Its number: 1 for the log's first, one more for each. */
  readonly seq: number
  /** When it was written, RFC 3339 in UTC. */
  readonly at: string
  /** Name of the call, such as `request` or `connected_accounts.delete`. */
  readonly action: string
  /**
   * `begun` of what was about to be done; `done`, or a verdict, of what was stored together with the entry; `refused:` and the
   * code of an error where an initiation or update came to nothing.
   */
  readonly outcome: string
  /** Keyed hash of the user's id: the same for the same user throughout the log. */
  readonly entityHash?: string
  /** The same of the connection's id, or of the integration's. */
  readonly recordHash?: string
  /** Slug of the app. */
  readonly app?: string
  /** Process id, `@`, and a keyed hash of the machine's host name. */
  readonly process: string
}

/** A page of the audit log, oldest entry first. */
export interface AuditLog {
  /** The entries. Where there are more, they are behind the last of these: give its `seq` as `after`. */
  readonly items: readonly AuditEntry[]
  /** The end of the whole log. Kept elsewhere and given to `checkAudit` later, it shows whether the log was cut. */
  readonly head: string
}

/** What looking at the whole audit log has found. */
export interface AuditCheck {
  /** How many entries there are. */
  readonly entries: number
  /** The end of the log, to be kept elsewhere. */
  readonly head: string
  /** What is wrong, a sentence each, 100 at most; empty where the log is as it was written, as far as `head` reaches. */
  readonly faults: readonly string[]
}

/** What was exported. */
export interface Exported {
  /** How many integrations are in the file. */
  readonly integrations: number
  /** How many connections are in the file. */
  readonly connections: number
  /** Integrations that do not open: they are not in the file. */
  readonly damagedIntegrations: readonly string[]
  /** Connections that do not open, or whose integration does not: they are not in the file. */
  readonly damagedConnections: readonly string[]
}

/** What was imported, or would be. */
export interface Imported {
  /** How many integrations are new in the vault. */
  readonly integrations: number
  /** How many connections are new in the vault. */
  readonly connections: number
  /** How many integrations and connections were there already, with the same values. */
  readonly alreadyThere: number
  /** Integrations whose id another one has: nothing was changed. */
  readonly conflictingIntegrations: readonly string[]
  /**
   * Connections whose id another one has, or one with other values; whose alias another one of the same user and app has; or
   * whose integration conflicts: nothing was changed.
   */
  readonly conflictingConnections: readonly string[]
}

/** One page of connections, newest first. */
export interface Page {
  /** This page. */
  readonly items: readonly Connection[]
  /** Give it back as `cursor` for the next page; absent on the last. */
  readonly nextCursor?: string
}

/**
 * An app from what the wire says.
 *
 * @internal
 */
export function appOf(raw: { schemes: { fields: object[]; developer_fields: object[] }[] }): App {
  const schemes = raw.schemes.map((scheme) => ({
    ...camelKeys<Scheme>(scheme),
    fields: scheme.fields.map((field) => new Field(field)),
    developerFields: scheme.developer_fields.map((field) => new Field(field)),
  }))
  return { ...camelKeys<App>(raw), schemes }
}

/**
 * The evidence from what the wire says, where a missing answer is `null`.
 *
 * @internal
 */
export function evidenceOf(raw: { status: number | null }[]): Evidence[] {
  return raw.map((item) => {
    const { status, detail, ...rest } = camelKeys<Evidence & { status: number | null; detail: string | null }>(item)
    return { ...rest, ...(status !== null && { status }), ...(detail !== null && { detail }) }
  })
}
