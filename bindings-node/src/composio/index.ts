// The public face of `keylatch/composio`: what programs written for Composio call, on a local vault or on Composio's API.
export type { BackendOptions } from './backend'
export type { ActionOutcome } from './outcome'
export type { Parameter, ProxyRequest } from './proxy'
export type { DeveloperValues } from './settings'
export { ComposioToolSet, OpenAIToolSet, type ToolSetOptions } from './v1/toolset'
export type { ClientV1 } from './v1/client'
export type { AllRequiredParams, AppsV1, AppV1, AuthSchemeV1, SchemeParams } from './v1/apps'
export type {
  IntegrationDetailsV1,
  IntegrationIdV1,
  IntegrationsV1,
  IntegrationV1,
  NewIntegrationV1,
} from './v1/integrations'
export type { AccountFilterV1, AccountIdV1, ConnectedAccountsV1, ConnectedAccountV1, ReinitiateV1 } from './v1/accounts'
export type { EntityInitiateV1, EntityV1 } from './v1/entity'
export type { InitiateV1 } from './v1/initiate'
export type { ActionOutcomeV1, ActionRequestV1, ActionsV1, ExecuteActionV1 } from './v1/actions'
export type { PageV1, Paging } from './v1/pages'
export { Composio, type ComposioConfig } from './v3/composio'
export { AuthScheme, type ConnectionData } from './v3/auth-scheme'
export type { AccountFilterV3, AccountPageV3, ConnectedAccountsV3, ConnectedAccountV3, InitiateV3 } from './v3/accounts'
export type { ConnectionRequestV3 } from './v3/connection-request'
export type { FieldsOptions, Toolkits } from './v3/toolkits'
export type { AuthConfig, AuthConfigDetails, AuthConfigs, CreatedAuthConfig, NewAuthConfig } from './v3/auth-configs'
export type { ExecuteTool, ProxyAnswer, Tools } from './v3/tools'
