// Package bus is the daemon's edge to NATS: connections, subjects, integrity headers and keep-latest ingest.
//
// Contracts:
//
//   - Connections. Open makes three (bulk in, out, control), to an external server or to one embedded in the process, so
//     that a flood of images cannot delay an output or a command. They reconnect for ever with jitter. What is published
//     while the out connection is down is lost at once and counted, never sent late: an old object list is worthless.
//   - Integrity. A Publisher stamps every message with its schema, its boot id, a sequence number and a checksum. A Checker
//     on the other side turns them into a verdict. It is pure: no clock, no I/O, bounded memory.
//   - Back-pressure. Ingest never blocks NATS. Each stream has a Ring that overwrites its oldest message and counts it.
//     At any moment, for every stream, received = delivered + dropped (by reason) + pending. What NATS itself dropped before
//     the callback saw it (slow consumer) was never received and is counted apart.
//   - Interest. What is costly to make and only sometimes looked at goes out through an Interest, which knows whether anybody
//     subscribes to a subject; see there.
//   - Ordering. Messages leave Ingest in the order of their arrival, across all streams. What the process itself inserts, an accepted
//     control request, has its place in that order.
//   - Control. A vehicle's verbs are a NATS service on the control connection, discoverable, with schemas.
//   - Memory. Message.Data is the buffer that the NATS client made for this one message; nothing else writes to it, and
//     views into it stay valid as long as they are held.
//   - Goroutines. All are owned by the NATS client and server; Close stops them and waits for the callbacks.
//
// The size limit counts a message as NATS does: headers and payload together.
package bus
