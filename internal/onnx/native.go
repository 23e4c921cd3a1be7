//go:build cgo

package onnx

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// The public start of ONNX Runtime's C API. OrtApi is a table of function pointers that only ever grows at
// its end, so a position never changes (onnxruntime_c_api.h, "ONNX Runtime C API").
typedef struct {
	const void *(*get_api)(uint32_t version);
	const char *(*get_version)(void);
} ort_api_base;

enum {
	ORT_GET_ERROR_MESSAGE = 2,
	ORT_CREATE_TENSOR_AS_VALUE = 48,
	ORT_RELEASE_STATUS = 93,
	ORT_RELEASE_VALUE = 96,
};

typedef const char *(*get_error_message_fn)(const void *status);
typedef void *(*create_tensor_fn)(void *allocator, const int64_t *shape, size_t rank, int type, void **out);
typedef void (*release_fn)(void *);

// base_of loads the library and keeps it for the life of the process. On failure it returns NULL and the
// loader's message, which the caller frees.
static const ort_api_base *base_of(const char *path, char **message) {
	void *handle = dlopen(path, RTLD_LAZY);
	const ort_api_base *(*get_base)(void) = NULL;
	if (handle) get_base = (const ort_api_base *(*)(void))dlsym(handle, "OrtGetApiBase");
	if (!get_base) {
		const char *e = dlerror();
		*message = strdup(e ? e : "no reason given");
		if (handle) dlclose(handle);
		return NULL;
	}
	return get_base();
}

// loadable tells whether the loader finds a library and all that it needs.
static int loadable(const char *name) {
	void *handle = dlopen(name, RTLD_LAZY);
	if (handle) dlclose(handle);
	return handle != NULL;
}

static const char *version_of(const ort_api_base *base) { return base->get_version(); }

static void *const *api_of(const ort_api_base *base, uint32_t version) {
	return (void *const *)base->get_api(version);
}

// create_tensor allocates a tensor with the given allocator. It returns NULL or a message to be freed.
static char *create_tensor(void *const *api, void *allocator, const int64_t *shape, size_t rank, int type,
		void **out) {
	void *status = ((create_tensor_fn)api[ORT_CREATE_TENSOR_AS_VALUE])(allocator, shape, rank, type, out);
	if (!status) return NULL;
	char *message = strdup(((get_error_message_fn)api[ORT_GET_ERROR_MESSAGE])(status));
	((release_fn)api[ORT_RELEASE_STATUS])(status);
	return message;
}

static void release_value(void *const *api, void *value) { ((release_fn)api[ORT_RELEASE_VALUE])(value); }
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"
)

// nativeAPI is ONNX Runtime's function table, for the two calls that the binding does not have: tensors
// in device memory, and their release.
type nativeAPI struct{ table *unsafe.Pointer }

// loadLibrary loads the library at path for good and returns its version and function table. It checks the
// version before anything of the library is used.
func loadLibrary(path string) (string, nativeAPI, error) {
	cPath := C.CString(path)
	defer C.free(unsafe.Pointer(cPath))
	var message *C.char
	base := C.base_of(cPath, &message)
	if base == nil {
		defer C.free(unsafe.Pointer(message))
		return "", nativeAPI{}, fmt.Errorf("%s: is it an onnx runtime library for this machine?", C.GoString(message))
	}
	version := C.GoString(C.version_of(base))
	if err := checkVersion(version); err != nil {
		return version, nativeAPI{}, err
	}
	table := C.api_of(base, minMinor)
	if table == nil {
		return version, nativeAPI{}, fmt.Errorf("version %s refuses C API %d", version, minMinor)
	}
	return version, nativeAPI{table: (*unsafe.Pointer)(unsafe.Pointer(table))}, nil
}

// newDeviceValue allocates a tensor in the memory that allocator serves.
func (n nativeAPI) newDeviceValue(allocator *ort.Allocator, shape []int64, typ ElementType) (*deviceValue, error) {
	// The binding keeps OrtAllocator* and OrtValue* as the only field of these structs; the array types in
	// deviceValue's file fail to compile if that changes.
	native := *(*unsafe.Pointer)(unsafe.Pointer(allocator))
	var value unsafe.Pointer
	message := C.create_tensor(n.table, native, (*C.int64_t)(unsafe.Pointer(&shape[0])),
		C.size_t(len(shape)), C.int(typ.onnxCode()), &value)
	if message != nil {
		defer C.free(unsafe.Pointer(message))
		return nil, errors.New(C.GoString(message))
	}
	internals := new(ort.ValueInternalData)
	*(*unsafe.Pointer)(unsafe.Pointer(internals)) = value
	return &deviceValue{internals: internals, api: n}, nil
}

// release frees the value of newDeviceValue.
func (n nativeAPI) release(internals *ort.ValueInternalData) {
	p := (*unsafe.Pointer)(unsafe.Pointer(internals))
	C.release_value(n.table, *p)
	*p = nil
}

// loadable reports whether the loader finds the library name and all that it needs.
func loadable(name string) bool {
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	return C.loadable(cName) != 0
}
