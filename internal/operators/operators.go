// Package operators has what mslora computes inside ONNX Runtime by itself, on CPUs, as operators of the domain mslora.
//
// Rows and RowsRounded compute chains of small operations row by row. ONNX Runtime computes each by itself: it reads whole tensors from
// memory and writes whole tensors there, which takes far longer than the arithmetic. A Program does what many nodes do while a row is in the
// processor's cache.
//
// Attention and AttentionGradient compute attention over packed tokens head by head. ONNX Runtime multiplies small matrices one by one and keeps
// all scores; these keep none, and leave out the pairs of tokens that do not see each other.
package operators

/*
#cgo CFLAGS: -O3
#cgo LDFLAGS: -lm
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>
#include "operators.h"
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
	if problem := C.mslora_operators_make(name); problem != nil {
		return fmt.Errorf("%s takes no operators: %s", library, C.GoString(problem))
	}
	return nil
}

// Add lets sessions with these options, an OrtSessionOptions, have the operators.
func Add(options unsafe.Pointer) error {
	if problem := C.mslora_operators_add(options); problem != nil {
		return fmt.Errorf("ONNX Runtime takes no operators: %s", C.GoString(problem))
	}
	return nil
}

// Ready tells whether Make has been called.
func Ready() bool { return bool(C.mslora_operators_made()) }

// FastAttention tells whether the processor multiplies and adds in one instruction, without which the operators of attention are slow.
func FastAttention() bool { return bool(C.mslora_attention_fast()) }
