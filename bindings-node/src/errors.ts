// Errors: one class with everything an error knows, and a subclass for each code, so that both `instanceof` and
// `error.code` tell what happened.

/** What went wrong; the same set of stable codes in every language. */
export type ErrorCode =
  | 'invalid_argument'
  | 'missing_fields'
  | 'unknown_field'
  | 'invalid_field'
  | 'unknown_app'
  | 'unsupported_scheme'
  | 'not_found'
  | 'ambiguous'
  | 'already_exists'
  | 'credentials_rejected'
  | 'provider_unreachable'
  | 'forbidden_host'
  | 'unauthorized'
  | 'rate_limited'
  | 'server'
  | 'timeout'
  | 'indeterminate'
  | 'cancelled'
  | 'vault_locked'
  | 'wrong_key'
  | 'corrupt_record'
  | 'storage'
  | 'closed'
  | 'internal'
  | 'action_failed'

/** What the provider said of the credentials. The set is open: expect names that this version does not list. */
export type Verdict =
  | 'accepted'
  | 'under_scoped'
  | 'rejected'
  | 'wrong_host'
  | 'unreachable'
  | 'rate_limited'
  | 'not_checkable'
  | 'not_checked'
  | (string & {})

/** One problem of one field. */
export interface Problem {
  /** Wire name of the field or argument, such as `api_key` or `entity_id`. */
  readonly field: string
  /** The code of this problem alone. */
  readonly code: ErrorCode
  /** What is wrong and what to do. */
  readonly message: string
}

/** What Composio's API said of a call that it refused or failed; no credential of the call is in it. */
export interface Upstream {
  /** The HTTP status. */
  readonly status: number
  /** Its number for the problem, such as 612. */
  readonly code?: number
  /** Its name for the problem, such as `ConnectedAccount_MissingRequiredFields`. */
  readonly slug?: string
  /** Its sentence. */
  readonly message?: string
  /** What it suggests to do. */
  readonly suggestedFix?: string
  /** The id under which its support finds the call. */
  readonly requestId?: string
}

/** What an error is made of. */
export interface ErrorDetails {
  code: ErrorCode
  message: string
  fields?: string[]
  problems?: Problem[]
  retryAfterMs?: number
  connectedAccountId?: string
  candidates?: string[]
  near?: string[]
  verdict?: Verdict
  upstream?: Upstream
}

/**
 * The error of every call. Safe to show and to log: it never holds a credential, and the words of others only in
 * `upstream` and in the message of `action_failed`.
 *
 * @example
 * ```ts
 * try {
 *   await user.initiateConnection({ appName: 'stripe', connectionParams: { api_key: typed } })
 * } catch (error) {
 *   if (error instanceof MissingFieldsError) console.log('please fill in', error.fields)
 *   else if (error instanceof KeylatchError) console.log(error.code, error.message)
 *   else throw error
 * }
 * ```
 */
export class KeylatchError extends Error {
  /** The stable code. */
  readonly code: ErrorCode
  /** Wire names of the fields or arguments concerned. */
  readonly fields: readonly string[]
  /** All problems of the input at once, where the input was at fault. */
  readonly problems: readonly Problem[]
  /** How many milliseconds to wait before trying again, where the provider said so. */
  declare readonly retryAfterMs?: number
  /** The connection that stands in the way (`already_exists`). */
  declare readonly connectedAccountId?: string
  /** Ids of the connections that fit (`ambiguous`). */
  readonly candidates: readonly string[]
  /** Known names near the unknown one (`unknown_app`, `unknown_field`). */
  readonly near: readonly string[]
  /** What the provider said, where it was asked. */
  declare readonly verdict?: Verdict
  /** What Composio's API said, where it is the backend and answered. */
  declare readonly upstream?: Upstream

  constructor(details: ErrorDetails) {
    super(details.message)
    this.code = details.code
    this.fields = details.fields ?? []
    this.problems = details.problems ?? []
    this.candidates = details.candidates ?? []
    this.near = details.near ?? []
    // What does not apply stays off the object, so that printed errors are short.
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs
    if (details.connectedAccountId !== undefined) this.connectedAccountId = details.connectedAccountId
    if (details.verdict !== undefined) this.verdict = details.verdict
    if (details.upstream !== undefined) this.upstream = details.upstream
  }
}

/** An argument is missing, malformed or contradicts another one. */
export class InvalidArgumentError extends KeylatchError {}
/** Required fields were not given. */
export class MissingFieldsError extends KeylatchError {}
/** A field was given that the app does not have. */
export class UnknownFieldError extends KeylatchError {}
/** A field's value cannot be right. */
export class InvalidFieldError extends KeylatchError {}
/** No app of that name; `near` has names like it. */
export class UnknownAppError extends KeylatchError {}
/** The app exists but not with that auth scheme. */
export class UnsupportedSchemeError extends KeylatchError {}
/** No integration or connection that fits. */
export class NotFoundError extends KeylatchError {}
/** Several connections fit and none was named; `candidates` lists them. */
export class AmbiguousError extends KeylatchError {}
/** There is one already; `connectedAccountId` names it. */
export class AlreadyExistsError extends KeylatchError {}
/** The provider refused the credentials; nothing was stored. */
export class CredentialsRejectedError extends KeylatchError {}
/** The provider could not be asked, or what answered is not the provider. */
export class ProviderUnreachableError extends KeylatchError {}
/** The host is not one that this call may talk to. */
export class ForbiddenHostError extends KeylatchError {}
/** The backend refused the developer's own key. */
export class UnauthorizedError extends KeylatchError {}
/** Too many requests; `retryAfterMs` says when to try again, where known. */
export class RateLimitedError extends KeylatchError {}
/** The backend failed, or answered what cannot be read. */
export class ServerError extends KeylatchError {}
/** No answer within the time allowed. */
export class TimeoutError extends KeylatchError {}
/** It cannot be known whether the call acted. */
export class IndeterminateError extends KeylatchError {}
/** The caller cancelled. With an `AbortSignal` the signal's own reason is thrown instead. */
export class CancelledError extends KeylatchError {}
/** The vault's key is not available. */
export class VaultLockedError extends KeylatchError {}
/** The key given is not this vault's key. */
export class WrongKeyError extends KeylatchError {}
/** A stored record does not open. */
export class CorruptRecordError extends KeylatchError {}
/** The store cannot be read or written. */
export class StorageError extends KeylatchError {}
/** The client is closed. */
export class ClosedError extends KeylatchError {}
/** A defect in Keylatch. */
export class InternalError extends KeylatchError {}
/** The app did not do what an action asked; the message says why, where it told. */
export class ActionFailedError extends KeylatchError {}

/** The class of each code. */
export const errorClasses: Readonly<Record<ErrorCode, new (details: ErrorDetails) => KeylatchError>> = Object.freeze({
  invalid_argument: InvalidArgumentError,
  missing_fields: MissingFieldsError,
  unknown_field: UnknownFieldError,
  invalid_field: InvalidFieldError,
  unknown_app: UnknownAppError,
  unsupported_scheme: UnsupportedSchemeError,
  not_found: NotFoundError,
  ambiguous: AmbiguousError,
  already_exists: AlreadyExistsError,
  credentials_rejected: CredentialsRejectedError,
  provider_unreachable: ProviderUnreachableError,
  forbidden_host: ForbiddenHostError,
  unauthorized: UnauthorizedError,
  rate_limited: RateLimitedError,
  server: ServerError,
  timeout: TimeoutError,
  indeterminate: IndeterminateError,
  cancelled: CancelledError,
  vault_locked: VaultLockedError,
  wrong_key: WrongKeyError,
  corrupt_record: CorruptRecordError,
  storage: StorageError,
  closed: ClosedError,
  internal: InternalError,
  action_failed: ActionFailedError,
})

// On the prototypes, where the first line of a stack trace takes the name from.
for (const errorClass of [KeylatchError, ...Object.values(errorClasses)]) {
  Object.defineProperty(errorClass.prototype, 'name', { value: errorClass.name, configurable: true, writable: true })
}

/**
 * The error of the class that belongs to its code.
 *
 * @internal
 */
export function errorOf(details: ErrorDetails): KeylatchError {
  return new (errorClasses[details.code] ?? KeylatchError)(details)
}

/**
 * An argument of a host program's that cannot be right, found before the core is asked.
 *
 * @internal
 */
export function badArgument(field: string, message: string): KeylatchError {
  return new InvalidArgumentError({ code: 'invalid_argument', message, fields: [field] })
}
