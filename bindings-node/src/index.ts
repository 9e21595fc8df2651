// The public face of the package `keylatch`.
import { native } from './addon'

export { Keylatch, type GetConnectionOptions } from './client'
export { Entity, type AppOption } from './entity'
export { Apps, type ExpectedParamsOptions, type RequiredParamsOptions } from './apps'
export { Integrations, type IntegrationId, type NewIntegration } from './integrations'
export { ConnectedAccounts, type ConnectedAccountId, type ConnectionFilter, type UpdateCredentials } from './accounts'
export type { CallOptions } from './calls'
export { ConnectionRequest } from './connection-request'
export type { InitiateOptions, Verify } from './initiate'
export type { OpenOptions } from './options'
export type { Params, ParamValue } from './params'
export type { Pairs, RequestOptions } from './requests'
export { Response, ResponseHeaders } from './response'
export { Secret, secretBuffer } from './secret'
export {
  ExpectedParams,
  Field,
  RequiredParams,
  type App,
  type AuthScheme,
  type Connection,
  type Evidence,
  type Integration,
  type Json,
  type Page,
  type Scheme,
  type Status,
  type Verification,
  type Warning,
} from './model'
export {
  AlreadyExistsError,
  AmbiguousError,
  CancelledError,
  ClosedError,
  CorruptRecordError,
  CredentialsRejectedError,
  errorClasses,
  ForbiddenHostError,
  IndeterminateError,
  InternalError,
  InvalidArgumentError,
  InvalidFieldError,
  KeylatchError,
  MissingFieldsError,
  NotFoundError,
  ProviderUnreachableError,
  RateLimitedError,
  ServerError,
  StorageError,
  TimeoutError,
  UnauthorizedError,
  UnknownAppError,
  UnknownFieldError,
  UnsupportedSchemeError,
  VaultLockedError,
  WrongKeyError,
  type ErrorCode,
  type ErrorDetails,
  type Problem,
  type Verdict,
} from './errors'

/** The version of every Keylatch package. */
export const version: string = native.version()
