// Package replay reads and writes recordings: MCAP files whose channels are named like the subjects on the bus.
//
// A recording holds, for each message, its topic, the payload as published, the stamp (time of validity; MCAP's publish
// time), the arrival (our clock; MCAP's log time) and the sequence number in its topic. The rig travels as the attachment
// rig.yaml, provenance as the metadata record "fusiond", schemas as protobuf descriptor sets.
//
//	| magic | header | metadata "fusiond" | attachment rig.yaml | ...
//	| chunk [schema, channel, message ...] | message indexes | chunk ... | data end |
//	| summary: schemas, channels, statistics, chunk, attachment and metadata indexes | footer | magic |
//
// Contracts:
//   - Bytes are deterministic: the same messages with the same options give the same file. Nothing here reads a clock,
//     except a Player through the Clock that it is given.
//   - Every chunk is self-contained (schemas and channels are repeated in each), so whatever whole chunk is left of a
//     damaged file can be read. Recover does that.
//   - A reader holds a few chunks in memory whatever the file's length, and checks every length before it allocates.
//   - Damaged files give a *DamageError with place and cure; nothing in them makes the package panic.
package replay
