// Uses every call of the package with its types; `package.test.mjs` compiles it as ESM and as CommonJS under
// `tsc --strict`. It is never run.
import {
  ActionFailedError,
  CredentialsRejectedError,
  diagnose,
  setLog,
  errorClasses,
  Keylatch,
  KeylatchError,
  Secret,
  secretBuffer,
  version,
  type Action,
  type ActionResult,
  type App,
  type AuthScheme,
  type Connection,
  type ConnectionRequest,
  type Diagnosis,
  type Entity,
  type ErrorCode,
  type ExpectedParams,
  type Exported,
  type Field,
  type Imported,
  type Integration,
  type KeyOrigin,
  type LogRecord,
  type Page,
  type PagesOptions,
  type Paging,
  type Rechecks,
  type Rotation,
  type AuditCheck,
  type AuditEntry,
  type AuditLog,
  type Params,
  type RequestOptions,
  type ResponseStream,
  type RequiredParams,
  type Response,
  type Status,
  type Upstream,
  type Verdict,
  type Verification,
} from 'keylatch'

/** Whether both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <T extends true>(_: T): void => undefined

export async function open(signal: AbortSignal): Promise<Keylatch> {
  await using _temporary = await Keylatch.open()
  await Keylatch.open({ keyEnv: 'VAULT_KEY', proxy: 'http://proxy:3128' })
  await Keylatch.open({ keyFile: 'vault.key', passphrase: undefined })
  await Keylatch.open({ keyring: 'my-app' })
  await Keylatch.open({ transit: { address: 'https://bao.example', key: 'app', token: Buffer.from('s.token') } })
  await Keylatch.open({ onExpired: ({ connectedAccountId, previousStatus }) => [connectedAccountId, previousStatus] })
  await Keylatch.open({ passphrase: Secret.from('correct horse'), extraCa: Buffer.from('') })
  // @ts-expect-error: no such option
  await Keylatch.open({ pathe: 'vault.db' })
  // @ts-expect-error: a key is bytes
  await Keylatch.open({ key: 'text' })
  // @ts-expect-error: clients are opened
  new Keylatch()
  return Keylatch.open({
    path: 'vault.db',
    key: secretBuffer(32),
    timeoutMs: 10_000,
    maxResponseBytes: 1 << 20,
    extraCa: '-----BEGIN CERTIFICATE-----',
    strictSecrets: true,
    holdForMs: 500,
    audit: 'required',
  })
}

export async function project(): Promise<Keylatch> {
  await Keylatch.composio()
  await Keylatch.composio({ apiKey: Buffer.from('ak_…'), apiVersion: 'v1', proxy: 'http://proxy:3128' })
  await Keylatch.composio({ apiKey: Secret.from('ak_…'), strictSecrets: true, extraCa: '', maxResponseBytes: 1 << 20 })
  // @ts-expect-error: a project is no file
  await Keylatch.composio({ path: 'vault.db' })
  // @ts-expect-error: no such version
  await Keylatch.composio({ apiVersion: 'v2' })
  return Keylatch.composio({ apiKey: 'ak_…', baseUrl: 'https://composio.example/api', timeoutMs: 10_000 })
}

export async function discover(client: Keylatch, signal: AbortSignal): Promise<Field[]> {
  const expected: ExpectedParams = await client.getExpectedParamsForUser({
    app: 'stripe',
    authScheme: 'API_KEY',
    signal,
  })
  const again = await client.getExpectedParamsForUser({ integrationId: expected.integrationId })
  const apps: App[] = await client.apps.list({ signal })
  const found: App[] = await client.apps.search({ query: 'strpe', category: 'finance', limit: 3, signal })
  const origins: KeyOrigin[] = await client.apps.identify(Buffer.from('ghp_…'), { signal })
  holds<Same<(typeof origins)[number]['certain'], boolean>>(true)
  // @ts-expect-error: a credential is no list
  await client.apps.identify(['ghp_…'])
  const app: App = await client.apps.get('stripe')
  await client.apps.get({ app: 'stripe', signal })
  const own: App = await client.apps.register({ slug: 'acme', name: 'Acme', category: 'test', schemes: [] })
  const scheme: AuthScheme | undefined = [...apps, ...found, app, own][0]?.schemes[0]?.authScheme
  const info: RequiredParams = await client.apps.getRequiredParamsForAuthScheme({ appId: 'stripe', authScheme: scheme })
  await client.apps.getRequiredParamsForAuthScheme({ appName: 'stripe' })
  const names: readonly string[] = [...info.required_fields, ...info.optional_fields, ...info.expected_from_user]
  const [field] = info.fields
  if (field) {
    const shown: string = `${field.displayName} ${field.display_name} ${field.description} ${field.helpUrl ?? ''}`
    const flags: boolean[] = [
      field.isSecret,
      field.is_secret,
      field.secret,
      field.required,
      field.expected_from_customer,
    ]
    console.log(field.enumLabels?.[0], field.when?.field, field.when?.values, field.stripPrefix, field.stripSuffix)
    console.log(shown, flags, names, field.default, field.enum, field.pattern, field.example, field.type, field.name)
  }
  const [action]: readonly Action[] = app.actions
  console.log(action?.name, action?.description, action?.params[0]?.type, action?.params[0]?.required)
  return [
    ...expected.developerParams,
    ...expected.expectedParams,
    ...again.expectedInputFields,
    ...again.expected_params,
    ...info.expectedInputFields,
  ]
}

export async function integrations(client: Keylatch, signal: AbortSignal): Promise<void> {
  const fixedValues: Params = { account_sid: 'AC…', auth_token: Buffer.from('…') }
  const made: Integration = await client.integrations.create({
    app: 'twilio',
    authScheme: 'BASIC',
    name: 'ours',
    baseUrl: 'https://api.twilio.example',
    allow: ['private', 'unencrypted'],
    fixedValues,
    signal,
  })
  const all: Integration[] = await client.integrations.list({ app: made.app })
  const one: Integration = await client.integrations.get(all[0]?.id ?? made.id)
  await client.integrations.get({ integrationId: one.id, signal })
  await client.integrations.delete(one.id)
  await client.integrations.delete({ integrationId: one.id })
}

export async function initiate(client: Keylatch, signal: AbortSignal): Promise<ConnectionRequest> {
  const secret = Secret.take(secretBuffer(16))
  const user: Entity = client.getEntity('user-1')
  const awaited: Entity = await client.getEntity('user-1')
  const connectionParams: Params = { api_key: secret, port: 443, big: 1n, sandbox: true, text: 'x', none: undefined }
  await client.connectedAccounts.initiate({
    integrationId: 'ac_1',
    entityId: 'u',
    authMode: 'API_KEY',
    connectionParams,
  })
  await user.initiateConnection({ appName: 'stripe', connectionParams: { api_key: new Uint8Array(4) } })
  await awaited.initiateConnection({ integrationId: 'ac_1', entityId: 'user-1', replace: true })
  const request: ConnectionRequest = await client.initiateConnection({
    entityId: user.id,
    appName: 'stripe',
    authScheme: 'API_KEY',
    connectionParams,
    verify: 'required',
    alias: 'work',
    labels: ['a', 'b'],
    metadata: { plan: ['pro', 1, null] },
    allowMultiple: true,
    replace: false,
    callbackUrl: 'https://app.example/done',
    signal,
  })
  const facts: [Status, string, string | null, Verdict, boolean] = [
    request.connectionStatus,
    request.connectedAccountId,
    request.redirectUrl,
    request.verdict,
    request.replaced,
  ]
  console.log(facts, request.account, request.warnings[0]?.field, request.evidence[0]?.status, secret.equals(secret))
  const connection: Connection = await request.waitUntilActive()
  await request.waitUntilActive(5, { signal })
  console.log(connection.metadata, connection.verifiedAt, secret.length, secret.expose().length, String(secret))
  secret.dispose()
  // @ts-expect-error: a value is not an array
  await user.initiateConnection({ appName: 'stripe', connectionParams: { api_key: ['x'] } })
  // @ts-expect-error: verify is one of three words
  await user.initiateConnection({ appName: 'stripe', verify: 'perhaps' })
  // @ts-expect-error: the client must be told whose connection it is
  await client.initiateConnection({ appName: 'stripe' })
  return request
}

export async function accounts(client: Keylatch, id: string, signal: AbortSignal): Promise<void> {
  const { connectedAccounts } = client
  const filter = { entityId: 'u', app: 'stripe', integrationId: 'ac_1', statuses: ['ACTIVE'], labels: ['a'], limit: 10 }
  const page: Page = await connectedAccounts.list({ ...filter, cursor: 'next', signal })
  holds<Same<typeof page.nextCursor, string | undefined>>(true)
  for await (const connection of connectedAccounts.iterate(filter)) console.log(connection.alias, connection.labels)
  const one: Connection = await connectedAccounts.get(id)
  await connectedAccounts.get({ connectedAccountId: id, signal })
  const verification: Verification = await connectedAccounts.verify(id)
  const due = { olderThanMs: 1000, entityId: 'u', app: 'stripe', limit: 10, pauseMs: 500 }
  const batch: Rechecks = await connectedAccounts.verifyDue({ ...due, cursor: 'next', signal })
  for await (const each of connectedAccounts.verifyAll(due))
    console.log(each.previousStatus, each.skipped, batch.remaining)
  const updated: ConnectionRequest = await connectedAccounts.updateCredentials({
    connectedAccountId: id,
    connectionParams: { api_key: Buffer.from('x') },
    verify: 'off',
  })
  const switched: Connection[] = [await connectedAccounts.enable(id), await connectedAccounts.disable(id)]
  holds<Same<Awaited<ReturnType<typeof connectedAccounts.delete>>, void>>(true)
  await connectedAccounts.delete({ connectedAccountId: id, revoke: true, signal })
  const waited: Connection[] = [
    await connectedAccounts.waitUntilActive(id),
    await connectedAccounts.waitUntilActive({ connectedAccountId: id, timeoutMs: 5_000, signal }),
  ]
  const named: Connection = await connectedAccounts.setAlias({ connectedAccountId: id, alias: 'work', signal })
  await connectedAccounts.setAlias({ connectedAccountId: waited[0]?.id ?? named.id, alias: null })
  const dsn: Secret = await connectedAccounts.dsn({ connectedAccountId: id, signal })
  dsn.dispose()
  console.log(one.status, verification.verdict, verification.evidence.length, updated.replaced, switched.length)
}

export async function use(client: Keylatch, signal: AbortSignal): Promise<Buffer> {
  const user = client.getEntity('user-1')
  const byUser: Connection = await client.getConnection({ entityId: 'user-1', app: 'stripe', signal })
  await user.getConnection({ app: 'stripe' })
  await user.getConnection({ appName: 'stripe', signal })
  const mine: Page = await user.connections({ statuses: ['ACTIVE'] })
  const ask: RequestOptions = { method: 'GET', path: '/v1/balance', connectedAccountId: byUser.id, timeoutMs: 500 }
  const answer: Response = await client.request({ ...ask, query: { limit: 3, all: true }, headers: new Headers() })
  await client.request({ ...ask, query: new URLSearchParams('a=1'), headers: [['x-one', 'two']], body: 'text' })
  await user.request({ app: 'stripe', method: 'POST', path: '/v1/x', json: { a: 1 }, signal })
  await user.request({ app: 'stripe', method: 'POST', path: '/v1/x', body: new Uint8Array(2) })
  const done: ActionResult = await client.executeAction({
    action: 'STRIPE_CREATE_CUSTOMER',
    params: { name: 'Ada', tags: ['a', 1] },
    entityId: 'user-1',
    connectedAccountId: byUser.id,
    timeoutMs: 500,
    signal,
  })
  const { data, successful, logId } = await user.executeAction({ action: 'STRIPE_RETRIEVE_BALANCE', signal })
  console.log(done.data['id'], data['object'], successful, logId?.length)
  const paging: Paging = { by: 'cursor', next: '/data/-/id', query: 'starting_after', more: '/has_more', maxPages: 3 }
  const list: PagesOptions = { entityId: 'user-1', app: 'stripe', method: 'GET', path: '/', retry: 0, paging, signal }
  for await (const page of client.requestPages(list)) holds<Same<typeof page, Response>>(true)
  for await (const page of user.requestPages({ app: 'stripe', method: 'GET', path: '/' })) console.log(page.tries)
  const stream: ResponseStream = await client.requestStream({ ...ask, body: new Blob(['a']).stream(), signal })
  for await (const piece of stream) holds<Same<typeof piece, Uint8Array>>(true)
  const body = [new Uint8Array(2)]
  const sent = await user.requestStream({
    app: 'stripe',
    method: 'PUT',
    path: '/',
    body,
    contentLength: 2,
    maxResponseBytes: 0,
  })
  console.log(sent.ok, sent.tries, sent.status, sent.headers.get('x'), sent.body.locked)
  await sent.close()
  // @ts-expect-error: an action has a name
  await client.executeAction({ entityId: 'user-1' })
  const { id } = answer.json<{ id: string }>()
  const found: string | undefined = answer.headers.get('content-type')
  console.log(
    answer.status,
    answer.ok,
    answer.text(),
    id,
    found,
    answer.headers.getAll('set-cookie'),
    mine.items.length,
  )
  for (const [name, value] of answer.headers) console.log(name, value, answer.headers.has(name))
  await client.backup('backup.db')
  await client.backup({ path: 'backup.db', signal })
  await client.changeKey()
  await client.changeKey({ passphrase: Buffer.from('words'), signal })
  await client.changeKey({ keyFile: 'other.key' })
  const rotation: Rotation = await client.rotateDataKey({ limit: 100, cursor: 'next', signal })
  console.log(rotation.remaining, (await client.rotateDataKey()).keptKeys.join())
  const log: AuditLog = await client.auditLog({
    after: 1,
    limit: 10,
    entityId: 'u',
    connectedAccountId: 'ca_1',
    signal,
  })
  const entry: AuditEntry | undefined = log.items[0]
  const check: AuditCheck = await client.checkAudit({ head: log.head, signal })
  console.log(entry?.recordHash, check.faults.join(), (await client.checkAudit()).entries)
  const exported: Exported = await client.exportVault({ path: 'moved.export', recipient: 'age1', signal })
  await client.exportVault({ path: 'other.export', passphrase: Buffer.from('words') })
  const imported: Imported = await client.importVault({
    path: 'moved.export',
    identity: Buffer.from('AGE-SECRET-KEY-1'),
    dryRun: true,
    signal,
  })
  console.log(exported.damagedConnections.join(), imported.alreadyThere, imported.conflictingIntegrations.join())
  const state: Diagnosis = await client.diagnose({ signal })
  setLog((record: LogRecord) => console.log(record.level, record.operation ?? '', record.fields), { level: 'debug' })
  setLog(null)
  const { keyFits, warnings }: Diagnosis = await diagnose({ path: 'vault.db', keyEnv: 'VAULT_KEY' })
  holds<Same<typeof keyFits, boolean | undefined>>(true)
  console.log(state.damagedConnections, warnings.join())
  await client.close()
  return answer.body
}

export function explain(error: unknown): string {
  if (error instanceof CredentialsRejectedError) return `rejected: ${error.verdict}`
  if (error instanceof ActionFailedError) return `failed: ${error.message}`
  if (!(error instanceof KeylatchError)) throw error
  const said: Upstream | undefined = error.upstream
  if (said) return [said.status, said.code, said.slug, said.message, said.suggestedFix, said.requestId].join()
  const code: ErrorCode = error.code
  const wait: number | undefined = error.retryAfterMs
  const known: boolean = error instanceof errorClasses[code]
  const problems = error.problems.map(({ field, code, message }) => `${field} ${code} ${message}`)
  return [
    version,
    code,
    wait,
    known,
    error.connectedAccountId,
    ...error.fields,
    ...error.near,
    ...error.candidates,
    ...problems,
  ].join()
}
