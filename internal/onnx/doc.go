// Package onnx runs ONNX networks through the ONNX Runtime shared library. It is the only package of
// fusiond that imports a binding to that library.
//
// Contracts:
//
//   - Library. Open loads one library for the process. FindLibrary says which one. Nothing is linked at
//     build time; without cgo every function that needs the library returns ErrNoCgo.
//   - Provider. A provider named explicitly works or NewSession fails with what is missing and the command
//     that brings it; Auto tries CUDA, then the CPU, and Session.Provider says which one runs.
//   - Threads. A Session owns one goroutine, locked to its OS thread, which makes, runs and frees the
//     network. Run calls queue up in order of arrival; a run that has begun is never interrupted.
//   - Memory. A Tensor is Go memory that the library reads and writes in place; a DeviceTensor is memory of
//     the session's device. Both are made once, reused for every run and freed by Close. Run allocates
//     nothing on the Go heap.
//   - Errors. Wrong names, shapes and types, damaged models, closed sessions and tensors are errors, never
//     crashes. Every error names the session, the item, the cause and the cure.
//   - Determinism. One inter-op thread, sequential execution, no spinning: the same inputs give the same
//     bytes on the same machine, library and thread count.
//
// Order of release: device tensors, then their session; tensors and sessions in any order; the Runtime last.
package onnx
