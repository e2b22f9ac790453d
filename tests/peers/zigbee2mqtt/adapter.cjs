// Preloaded into zigbee2mqtt (node -r ./adapter.cjs node_modules/zigbee2mqtt/index.js): instead of a serial stick, raw ZCL
// frames come as lines of JSON, {"addr", "cluster", "hex", "lqi"}, from whoever connects to FEED_PORT.
'use strict'
const net = require('node:net')
const { Adapter } = require('zigbee-herdsman/dist/adapter/adapter.js')
const { Header } = require('zigbee-herdsman/dist/zspec/zcl')

class Feed extends Adapter {
  constructor(...given) {
    super(...given)
    this.hasZdoMessageOverhead = false
    this.network = given[0]
  }

  async start() {
    const server = net.createServer((socket) => {
      let waiting = ''
      socket.on('error', () => {})
      socket.on('data', (bytes) => {
        waiting += bytes
        const lines = waiting.split('\n')
        waiting = lines.pop()
        for (const line of lines) {
          this.hear(JSON.parse(line))
          socket.write('ok\n')
        }
      })
    })
    server.listen(Number(process.env.FEED_PORT), '127.0.0.1')
    return 'resumed'
  }

  hear({ addr, cluster, hex, lqi }) {
    const data = Buffer.from(hex, 'hex')
    this.emit('zclPayload', {
      clusterID: cluster,
      address: addr,
      header: Header.fromBuffer(data),
      data,
      endpoint: 1,
      linkquality: lqi ?? 120,
      groupID: 0,
      wasBroadcast: false,
      destinationEndpoint: 1,
    })
  }

  async getCoordinatorIEEE() {
    return '0x00124b00ffffffff'
  }

  async getCoordinatorVersion() {
    return { type: 'feed', meta: { revision: '1' } }
  }

  async getNetworkParameters() {
    const extended = Buffer.from(this.network.extendedPanID ?? []).toString('hex')
    return { panID: this.network.panID, extendedPanID: `0x${extended}`, channel: this.network.channelList[0], nwkUpdateID: 0 }
  }

  async supportsBackup() {
    return false
  }

  waitFor() {
    return { promise: new Promise(() => {}), cancel() {} }
  }

  async sendZclFrameToEndpoint() {
    throw new Error('asleep, as a battery device is')
  }
}

for (const name of [
  'stop', 'reset', 'backup', 'addInstallCode', 'sendZdo', 'permitJoin', 'sendZclFrameToGroup', 'sendZclFrameToAll',
  'setChannelInterPAN', 'sendZclFrameInterPANToIeeeAddr', 'sendZclFrameInterPANBroadcast', 'restoreChannelInterPAN',
]) {
  Feed.prototype[name] = async () => undefined
}
Adapter.create = async (...given) => new Feed(...given)
