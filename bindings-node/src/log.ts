// What the library does, told to a function.
import { native, type NativeLogRecord } from './addon'
import { asOptions, settle } from './calls'
import { badArgument } from './errors'
import { kindOf } from './secret'

/** How much is told; each level tells what those before it do. */
export type LogLevel = 'off' | 'error' | 'warn' | 'info' | 'debug' | 'trace'

/** Something that happened. Never with a credential, a user's id, a URL, or what an app or a server said. */
export interface LogRecord {
  level: Exclude<LogLevel, 'off'>
  /** The part of the library, such as `keylatch::http`. */
  target: string
  /** The call during which it happened, as `docs/calls.md` names it; none for what no call asked for. */
  operation: string | undefined
  /** What happened; `finished` at the end of an operation. */
  message: string
  /** Names, OpenTelemetry's where it has one, and values. */
  fields: Record<string, string | number | boolean>
}

/** How much `setLog` tells. */
export interface LogOptions {
  /** Default: `info`. `debug` tells of each operation and each request, with how long it took. */
  level?: LogLevel | undefined
}

/**
 * Tells this function what the library does, in the place of the one before; `null` ends it. For the whole process, its
 * worker threads included. It is called on the event loop of the thread that set it, soon after what it is told of, and keeps
 * no process alive. What it throws is uncaught. A function that makes calls of Keylatch's is told of them as well.
 *
 * @example
 * ```ts
 * setLog(({ level, operation, message, fields }) => console.log(level, operation, message, fields), { level: 'debug' })
 * ```
 * @throws InvalidArgumentError for a level that is none.
 */
export function setLog(tell: ((record: LogRecord) => void) | null, options?: LogOptions): void {
  const { level = 'info' } = asOptions('setLog', options)
  if (tell !== null && typeof tell !== 'function') {
    throw badArgument('tell', `setLog takes a function or null, not ${kindOf(tell)}`)
  }
  const handOn = (record: NativeLogRecord): void => {
    const fields = Object.fromEntries(record.fields.map(({ name, value }) => [name, value]))
    tell?.({ ...record, operation: record.operation, fields } as LogRecord)
  }
  const error = native.NativeLog.set(tell && handOn, String(level))
  if (error) settle({ error })
}
