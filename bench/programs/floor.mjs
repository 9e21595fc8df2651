// What Node's own `fetch` stands on: sends the requests of BENCH_PAIR with undici.
import { Agent, request } from 'undici'

import { read, work } from './orders.mjs'

const pair = read('BENCH_PAIR')
const dispatcher = new Agent()

await work(async () => {
  for (const { method, target, headers, body } of pair) {
    const answer = await request(process.env.BENCH_SERVER + target, {
      method,
      headers: headers.flat(),
      body: body || null,
      dispatcher,
    })
    if (answer.statusCode >= 300) throw new Error(`${method} ${target}: ${answer.statusCode}`)
    await answer.body.json()
  }
})
