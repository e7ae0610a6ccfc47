// Package rows computes chains of small operations row by row. ONNX Runtime computes each by itself: it reads whole tensors from memory and
// writes whole tensors there, which takes far longer than the arithmetic. A Program does what many nodes do while a row is in the
// processor's cache. The operators Rows and RowsRounded of the domain mslora run programs inside ONNX Runtime.
package rows

/*
#cgo CFLAGS: -O3
#cgo LDFLAGS: -lm
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>
#include "operator.h"
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Make prepares the operators with ONNX Runtime's library, once in a process.
func Make(library string) error {
	name := C.CString(library)
	defer C.free(unsafe.Pointer(name))
	if problem := C.mslora_rows_make(name); problem != nil {
		return fmt.Errorf("%s takes no operators: %s", library, C.GoString(problem))
	}
	return nil
}

// Add lets sessions with these options, an OrtSessionOptions, have the operators.
func Add(options unsafe.Pointer) error {
	if problem := C.mslora_rows_add(options); problem != nil {
		return fmt.Errorf("ONNX Runtime takes no operators: %s", C.GoString(problem))
	}
	return nil
}

// Ready tells whether Make has been called.
func Ready() bool { return bool(C.mslora_rows_made()) }
