// Keeps a server that listens everywhere on loopback: `node --require loopback.cjs …`.
const { Server } = require('node:net')

const listen = Server.prototype.listen
Server.prototype.listen = function (first, ...rest) {
  const callback = rest.find((argument) => typeof argument === 'function')
  const port = typeof first === 'object' ? first.port : first
  return listen.call(this, { port, host: '127.0.0.1' }, callback)
}
