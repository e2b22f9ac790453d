// npm's asterisk-ami-test-server: what comes on standard input, one JSON string a line, is told to all who have signed in.
'use strict'

const AmiTestServer = require('asterisk-ami-test-server')
const readline = require('readline')

const server = new AmiTestServer({ silent: true, credentials: { username: 'dispatch', secret: process.argv[3] } })
server.on('connection', (count) => console.log(JSON.stringify({ connected: count })))
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1' }).then(() => console.log(JSON.stringify({ ready: true })))
readline.createInterface({ input: process.stdin })
  .on('line', (line) => server.broadcast(JSON.parse(line)))
  .on('close', () => process.exit(0))
