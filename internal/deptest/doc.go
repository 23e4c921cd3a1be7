// Package deptest holds the import rules of the module, and is nothing but its tests: who may import whom (table_test.go, with the
// reason for each rule), no cycles between top-level folders even through tests, and no clock, goroutine or I/O in the pure
// folders. The tests parse source files instead of asking the go command, so that they see every build tag, with and without
// cgo, and take a fraction of a second.
package deptest
