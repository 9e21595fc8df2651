// The public face of the package `keylatch`.
import { native } from './addon'

export {
  Keylatch,
  type AuditLogOptions,
  type BackupOptions,
  type ChangeKeyOptions,
  type CheckAuditOptions,
  type ExportVaultOptions,
  type GetConnectionOptions,
  type ImportVaultOptions,
  type RotateDataKeyOptions,
} from './client'
export { diagnose } from './diagnose'
export { setLog, type LogLevel, type LogOptions, type LogRecord } from './log'
export type { ExecuteActionOptions } from './actions'
export { Entity, type AppOption } from './entity'
export { Apps, type AppSearch, type ExpectedParamsOptions, type RequiredParamsOptions } from './apps'
export { Integrations, type IntegrationId, type NewIntegration } from './integrations'
export {
  ConnectedAccounts,
  type ConnectedAccountId,
  type ConnectionFilter,
  type DeleteConnection,
  type SetAlias,
  type UpdateCredentials,
  type WaitUntilActive,
} from './accounts'
export type { CallOptions } from './calls'
export { ConnectionRequest } from './connection-request'
export type { InitiateOptions, Verify } from './initiate'
export type { ComposioOptions, ConnectionOptions, KeyOptions, OpenOptions, TransitOptions } from './options'
export type { Params, ParamValue } from './params'
export type { PagesOptions, Paging, Pairs, RequestOptions } from './requests'
export { Response, ResponseHeaders } from './response'
export { ResponseStream, type Pieces, type StreamOptions } from './streams'
export { Secret, secretBuffer } from './secret'
export {
  ExpectedParams,
  Field,
  RequiredParams,
  type Action,
  type ActionParam,
  type ActionResult,
  type App,
  type AuditCheck,
  type AuditEntry,
  type AuditLog,
  type AuthScheme,
  type Connection,
  type Diagnosis,
  type Evidence,
  type Expired,
  type Exported,
  type FieldCondition,
  type FieldType,
  type Imported,
  type Integration,
  type Json,
  type KeyOrigin,
  type Permission,
  type Page,
  type Recheck,
  type Rechecks,
  type Rotation,
  type Scheme,
  type Status,
  type Verification,
  type Warning,
} from './model'
export {
  ActionFailedError,
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
  type Upstream,
  type Verdict,
} from './errors'

/** The version of every Keylatch package. */
export const version: string = native.version()
