package ortlib

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// The first two members of OrtApiBase, which have kept their place in every release.
typedef struct {
	const void *(*get_api)(uint32_t version);
	const char *(*version)(void);
} api_base;

static const char *probe(const char *path, uint32_t api, const char **version, int *offers) {
	void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (!library) return dlerror();
	const api_base *(*base)(void) = (const api_base *(*)(void))dlsym(library, "OrtGetApiBase");
	if (!base || !base()) return "it has no function OrtGetApiBase";
	*version = base()->version();
	// Release 1.N has the interface versions up to N. Asking an older one prints a line of its own.
	unsigned minor;
	int old = sscanf(*version, "1.%u", &minor) == 1 && minor < api;
	*offers = !old && base()->get_api(api) != NULL;
	return NULL;
}
*/
import "C"

import (
	"path/filepath"
	"unsafe"

	"mslora/internal/hint"
)

// The interface version that onnxruntime_go asks for, and the first release that has it.
const (
	API           = 24
	OldestVersion = "1.24"
)

// Check loads the library and gives its version. A library that is none, or that is too old, is an error
// that says so, before ONNX Runtime is initialised with it.
func Check(path string) (version string, err error) {
	if path, err = filepath.Abs(path); err != nil { // a bare name would be searched for elsewhere
		return "", err
	}
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var found *C.char
	var offers C.int
	if problem := C.probe(name, API, &found, &offers); problem != nil {
		return "", hint.New("run `make deps`, or name another with --onnxruntime or "+variable,
			"%s cannot be loaded as ONNX Runtime: %s", path, C.GoString(problem))
	}
	version = C.GoString(found)
	if offers == 0 {
		return version, hint.New("run `make deps`, or name a newer one with --onnxruntime or "+variable,
			"found ONNX Runtime %s at %s, need %s or later (API %d)", version, path, OldestVersion, API)
	}
	return version, nil
}
