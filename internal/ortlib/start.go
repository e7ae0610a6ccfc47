package ortlib

import (
	"fmt"
	"os"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/internal/hint"
	"mslora/internal/operators"
)

// RowsVariable is an environment variable: never leaves attention and small operations to ONNX Runtime, one by one (package operators).
const RowsVariable = "MSLORA_ROWS"

// Start finds ONNX Runtime, as Find does, and loads it with the operators of package operators, once in a process.
func Start(flag string) error {
	path, _, err := Find(flag)
	if err != nil {
		return err
	}
	if _, err := Check(path); err != nil {
		return err
	}
	if ort.IsInitialized() {
		return nil
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return fmt.Errorf("ONNX Runtime at %s: %w", path, err)
	}
	switch wanted := os.Getenv(RowsVariable); wanted {
	case "never":
		return nil
	case "":
		return operators.Make(path)
	default:
		return hint.New("set it to never, or unset it", "%s is %q", RowsVariable, wanted)
	}
}
