// Loads the native part; nothing else in the package touches the addon's file.
import type * as Native from './native'

/** @internal */
export const native = require('./keylatch.node') as typeof Native

/** @internal */
export type {
  NativeAnswers,
  NativeCancel,
  NativeClient,
  NativeLogRecord,
  NativeNews,
  NativeOptions,
  NativeParams,
  NativeProject,
  NativeSecret,
  NativeStream,
  NativeTransit,
  NativeUpload,
  Outcome,
} from './native'
