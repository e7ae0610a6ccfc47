// Package testort starts ONNX Runtime for tests.
package testort

import (
	"sync"
	"testing"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/internal/ortlib"
)

var start = sync.OnceValue(func() error {
	path, _, err := ortlib.Find("")
	if err != nil {
		return err
	}
	if _, err := ortlib.Check(path); err != nil {
		return err
	}
	ort.SetSharedLibraryPath(path)
	return ort.InitializeEnvironment(ort.WithLogLevelError())
})

// Start loads the library once; a test that needs it fails without.
func Start(t testing.TB) {
	t.Helper()
	if err := start(); err != nil {
		t.Fatalf("%v (make test sets the library up)", err)
	}
}
