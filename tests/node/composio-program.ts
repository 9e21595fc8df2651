// Uses every call of `keylatch/composio` with its types; `composio-program.test.mjs` compiles it as ESM and as CommonJS
// under `tsc --strict`. It is never run.
import { Keylatch, Secret, type Connection, type ConnectionRequest, type ExpectedParams, type Field } from 'keylatch'
import {
  AuthScheme,
  Composio,
  ComposioToolSet,
  OpenAIToolSet,
  type ActionOutcomeV1,
  type AllRequiredParams,
  type AppV1,
  type AuthConfigDetails,
  type ConnectedAccountV1,
  type ConnectedAccountV3,
  type ConnectionData,
  type ConnectionRequestV3,
  type EntityV1,
  type IntegrationDetailsV1,
} from 'keylatch/composio'

export function toolsets(client: Keylatch): ComposioToolSet[] {
  // @ts-expect-error: no such option
  new OpenAIToolSet({ framework: 'openai' })
  // @ts-expect-error: a key is text, bytes or a Secret
  new ComposioToolSet({ apiKey: 7 })
  return [
    new OpenAIToolSet(),
    new OpenAIToolSet({ apiKey: 'ak_…', baseUrl: 'https://composio.example/api', apiVersion: 'v1', timeoutMs: 5_000 }),
    new ComposioToolSet({ apiKey: Secret.from('ak_…'), entityId: 'user-1', connectedAccountIds: { stripe: 'ca_1' } }),
    new OpenAIToolSet({ vault: { path: 'vault.db', keyEnv: 'VAULT_KEY', strictSecrets: true } }),
    new OpenAIToolSet({ client }),
    new OpenAIToolSet({ client: Keylatch.open() }),
  ]
}

export async function discover(toolset: OpenAIToolSet): Promise<readonly Field[]> {
  const { client } = toolset
  const apps: AppV1[] = await client.apps.list()
  const app: AppV1 = await client.apps.get({ appKey: 'STRIPE' })
  const all: AllRequiredParams = await toolset.apps.getRequiredParams('stripe')
  const names: readonly string[] | undefined = all.authSchemes[all.availableAuthSchemes[0] ?? '']?.optional_fields
  const expected: ExpectedParams = await client.getExpectedParamsForUser({ app: 'stripe', entityId: 'user-1' })
  const { integrationId } = await client.getExpectedParamsForUser({ integrationId: expected.integrationId })
  const created: IntegrationDetailsV1 = await client.integrations.create({
    name: 'ours',
    appUniqueKey: 'twilio',
    authScheme: 'BASIC',
    authConfig: { account_sid: 'AC…', auth_token: Buffer.from('…') },
    useComposioAuth: false,
    forceNewIntegration: true,
    baseUrl: 'https://api.twilio.example',
  })
  const found = await toolset.integrations.getOrCreateIntegration({ name: 'x', appId: 'stripe', authScheme: 'API_KEY' })
  const page = await client.integrations.list({ appName: 'stripe', page: 1, pageSize: 10, showDisabled: false })
  const gone: { status: string; count: number } = await client.integrations.delete({ integrationId: found.id })
  console.log(apps.length, app.auth_schemes[0]?.mode, app.key, names, page.items[0]?.appName, page.totalPages, gone)
  const one = await client.integrations.get({ integrationId })
  return [
    ...one.expectedInputFields,
    ...created.expectedInputFields,
    ...(await client.integrations.getRequiredParams({ integrationId })),
  ]
}

export async function connect(toolset: OpenAIToolSet, signal: AbortSignal): Promise<ConnectionRequest> {
  const awaited: EntityV1 = await toolset.getEntity('user-1')
  const entity: EntityV1 = toolset.client.getEntity()
  await entity.initiateConnection({
    appName: 'stripe',
    authMode: 'API_KEY',
    authConfig: { base_url: 'https://api.stripe.example' },
    connectionParams: { api_key: Buffer.from('…') },
    config: { labels: ['a'], redirectUrl: 'https://app.example/done' },
    entityId: awaited.id,
  })
  const request: ConnectionRequest = await toolset.connectedAccounts.initiate({
    integrationId: 'ac_1',
    connectionParams: { api_key: Secret.from('…') },
    labels: ['a'],
    redirectUri: 'https://app.example/done',
    allowMultiple: false,
    verify: 'required',
    signal,
  })
  const connection: Connection = await request.waitUntilActive(5)
  console.log(request.connectionStatus, request.connectedAccountId, request.redirectUrl, connection.id)
  return toolset.connectedAccounts.reinitiateConnection({
    connectedAccountId: request.connectedAccountId,
    data: { api_key: Buffer.from('…') },
    redirectUri: '',
  })
}

export async function accounts(toolset: OpenAIToolSet, id: { connectedAccountId: string }): Promise<string[]> {
  const { connectedAccounts } = toolset.client
  const one: ConnectedAccountV1 = await toolset.connectedAccounts.get(id)
  const page = await connectedAccounts.list({
    appNames: 'stripe,github',
    appUniqueKeys: ['stripe'],
    entityId: 'user-1',
    user_uuid: 'user-1',
    integrationId: 'ac_1',
    connectionId: 'ca_1',
    labels: 'a',
    status: 'ACTIVE',
    showActiveOnly: true,
    showDisabled: true,
    page: 1,
    pageSize: 10,
  })
  const entity = toolset.getEntity('user-1')
  const mine: ConnectedAccountV1[] = [
    ...(await entity.getConnections()),
    await entity.getConnection({ app: 'stripe' }),
    await entity.getConnection({ appName: 'stripe' }),
    await entity.getConnection(id),
  ]
  const { status: off } = await connectedAccounts.disable(id)
  const { status: on } = await connectedAccounts.enable(id)
  const { count } = await connectedAccounts.delete(id)
  console.log(one.isDisabled, one.enabled, one.clientUniqueUserId, one.connectionParams, page.items.length, mine, count)
  return [off, on]
}

export async function act(toolset: OpenAIToolSet, connectedAccountId: string): Promise<ActionOutcomeV1[]> {
  const params = { name: 'Ada' }
  const outcomes = [
    await toolset.executeAction({ action: 'STRIPE_CREATE_CUSTOMER', params, entityId: 'user-1' }),
    await toolset.executeAction({ actionName: 'STRIPE_CREATE_CUSTOMER', params, connectedAccountId }),
    await toolset.getEntity('user-1').execute({ actionName: 'STRIPE_CREATE_CUSTOMER', params }),
    await toolset.client.actions.execute({
      actionName: 'STRIPE_CREATE_CUSTOMER',
      requestBody: { connectedAccountId, entityId: 'user-1', input: params, appName: 'stripe' },
    }),
    await toolset.actions.executeRequest({
      connectedAccountId,
      endpoint: '/v1/customers',
      method: 'GET',
      parameters: [{ in: 'query', name: 'limit', value: '3' }],
      body: { a: 1 },
    }),
  ]
  // @ts-expect-error: no words instead of parameters
  await toolset.executeAction({ action: 'STRIPE_CREATE_CUSTOMER', text: 'make a customer' })
  await toolset.close()
  return outcomes
}

export async function current(signal: AbortSignal): Promise<ConnectedAccountV3[]> {
  const composio = new Composio({ apiKey: 'ak_…', baseURL: 'https://composio.example', allowTracking: false })
  const { toolkits, authConfigs, connectedAccounts, tools } = composio
  const fields: Field[] = [
    ...(await toolkits.getConnectedAccountInitiationFields('stripe', 'API_KEY', { requiredOnly: true })),
    ...(await toolkits.getConnectedAccountInitiationFields('stripe', null)),
    ...(await toolkits.getAuthConfigCreationFields('stripe', 'API_KEY', { signal })),
  ]
  const { id } = await authConfigs.create('stripe', {
    type: 'use_custom_auth',
    authScheme: 'API_KEY',
    name: 'ours',
    credentials: { base_url: 'https://api.stripe.example' },
  })
  // @ts-expect-error: users' own keys are never Composio's
  await authConfigs.create('stripe', { type: 'use_composio_managed_auth' })
  const { items } = await authConfigs.list({ toolkit: 'stripe' })
  const config: AuthConfigDetails = await authConfigs.get(items[0]?.id ?? id, { signal })
  const configs: ConnectionData[] = [
    AuthScheme.APIKey({ api_key: Buffer.from('…') }),
    AuthScheme.Basic({ username: 'ada', password: Secret.from('…') }),
    AuthScheme.BearerToken({ token: '…' }),
    AuthScheme.BasicWithJWT({ username: 'ada', password: '…' }),
    AuthScheme.GoogleServiceAccount({ credentials_json: '…' }),
    AuthScheme.BillcomAuth({ devKey: '…' }),
    AuthScheme.CalcomAuth({ api_key: '…' }),
    AuthScheme.NoAuth(),
    { authScheme: 'API_KEY', val: { status: 'ACTIVE', api_key: '…' } },
  ]
  // @ts-expect-error: there is nothing to redirect to
  AuthScheme.OAuth2({})
  const request: ConnectionRequestV3 = await connectedAccounts.initiate(
    'user-1',
    id,
    { config: configs[0], alias: 'work', allowMultiple: true, callbackUrl: 'https://app.example/done' },
    { signal },
  )
  const waited: ConnectedAccountV3[] = [
    await request.waitForConnection(),
    await connectedAccounts.waitForConnection(request.id, 5_000),
    await connectedAccounts.get(request.id),
  ]
  const page = await connectedAccounts.list({
    userIds: ['user-1', 'user-2'],
    toolkitSlugs: ['stripe'],
    authConfigIds: [id],
    statuses: ['ACTIVE'],
    limit: 10,
    cursor: 'next',
  })
  const done: { success: boolean }[] = [
    await connectedAccounts.disable(request.id),
    await connectedAccounts.enable(request.id),
    await connectedAccounts.delete(request.id),
    await authConfigs.delete(id),
  ]
  const { successful, data, error, logId } = await tools.execute('STRIPE_RETRIEVE_BALANCE', {
    userId: 'user-1',
    connectedAccountId: request.id,
    arguments: {},
    version: 'latest',
    dangerouslySkipVersionCheck: true,
  })
  const { status, headers } = await tools.proxyExecute({
    connectedAccountId: request.id,
    endpoint: '/v1/balance',
    method: 'GET',
    parameters: [{ in: 'header', name: 'x-one', value: 1 }],
  })
  console.log(fields, config.expectedInputFields, request.status, request.redirectUrl, request.verdict, done)
  console.log(successful, data, error, logId, status, headers['content-type'], page.nextCursor, waited[0]?.toolkit.slug)
  await composio.close()
  return [...page.items]
}
