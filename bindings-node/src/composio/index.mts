// The same module for `import`: it only re-exports, so that both module systems share one implementation.
export * from './index.js'
