// Package testort starts ONNX Runtime for tests.
package testort

import (
	"sync"
	"testing"

	"mslora/internal/ortlib"
)

var start = sync.OnceValue(func() error { return ortlib.Start("") })

// Start loads the library once; a test that needs it fails without.
func Start(t testing.TB) {
	t.Helper()
	if err := start(); err != nil {
		t.Fatalf("%v (make test sets the library up)", err)
	}
}
