// A message centre of SMPP 3.4, for tests: says on stdout what it gets, does what stdin asks for, one JSON a line.
//   in:  {"mode": "deliver" | "fail" | "silent" | "throttle" | "deaf"}   what becomes of texts from now on
//        {"from": "...", "to": "...", "text": "..."}                     somebody writes
//        {"drop": true}                                                  every connection is cut
"use strict";
const smpp = require("smpp");

const sessions = new Set();
let mode = "deliver";
let count = 0;

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

function receipt(session, pdu, id) {
  const delivered = mode === "deliver";
  session.deliver_sm({
    esm_class: 4,
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    short_message: `id:${id} sub:001 dlvrd:00${delivered ? 1 : 0} submit date:2601020304 done date:2601020305 ` +
      `stat:${delivered ? "DELIVRD" : "UNDELIV"} err:000 text:`,
    receipted_message_id: id,
    message_state: delivered ? 2 : 5,
  }, (answer) => say({ receipt: id, status: answer.command_status }));
}

const server = smpp.createServer({ debug: false }, (session) => {
  sessions.add(session);
  session.on("error", () => {});
  session.on("close", () => sessions.delete(session));
  session.on("bind_transceiver", (pdu) => {
    const right = pdu.password === "secret";
    say({ bind: pdu.system_id, right });
    session.bound = right;
    session.send(pdu.response({ command_status: right ? 0 : smpp.ESME_RINVPASWD }));
  });
  session.on("enquire_link", (pdu) => {
    if (mode !== "deaf") session.send(pdu.response());
  });
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on("submit_sm", (pdu) => {
    if (mode === "deaf") return;
    if (mode === "throttle") {
      say({ throttled: pdu.destination_addr });
      session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
      return;
    }
    const id = `M${++count}`;
    const message = pdu.short_message;
    const header = (message.udh || []).map((part) => part.toString("hex"));
    say({
      submit: id, from: pdu.source_addr, to: pdu.destination_addr, coding: pdu.data_coding, header,
      text: message.message, wants: pdu.registered_delivery,
    });
    session.send(pdu.response({ message_id: id }));
    if (pdu.registered_delivery && mode !== "silent") receipt(session, pdu, id);
  });
});

server.listen(Number(process.argv[2]), "127.0.0.1", () => say({ ready: true }));

require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line);
  if (order.mode) {
    mode = order.mode;
    say({ mode });
  }
  if (order.drop) sessions.forEach((session) => session.destroy());
  if (order.text !== undefined) {
    const session = [...sessions].find((each) => each.bound);
    session.deliver_sm({
      source_addr: order.from, destination_addr: order.to, short_message: order.text,
      data_coding: /^[\x20-\x7e]*$/.test(order.text) ? 0 : 8,
    }, (answer) => say({ heard: order.text, status: answer.command_status }));
  }
}).on("close", () => process.exit(0));
