// Package ortlib finds the ONNX Runtime library and checks that it is new enough.
package ortlib

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"mslora/internal/hint"
)

// Find gives the library to load: flag, else $ONNXRUNTIME_LIB (each a file or a folder), else the first
// one beside the program, in .deps/lib of the working folder or one above it, or in the system's folders.
// tried lists every place looked at. What was asked for explicitly is never replaced by another library.
func Find(flag string) (path string, tried []string, err error) {
	for _, explicit := range []string{flag, os.Getenv("ONNXRUNTIME_LIB")} {
		if explicit == "" {
			continue
		}
		tried = []string{explicit}
		if info, err := os.Stat(explicit); err == nil {
			if !info.IsDir() {
				return explicit, tried, nil
			}
			if found := inFolder(explicit); found != "" {
				return found, tried, nil
			}
		}
		return "", tried, hint.New("give the file or the folder that holds it", "no ONNX Runtime library at %q", explicit)
	}
	for _, folder := range folders() {
		tried = append(tried, folder)
		if found := inFolder(folder); found != "" {
			return found, tried, nil
		}
	}
	return "", tried, hint.New("run `make deps`, or name it with --onnxruntime or ONNXRUNTIME_LIB",
		"no ONNX Runtime library; looked in %s", strings.Join(tried, ", "))
}

func folders() []string {
	var all []string
	if program, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(program); err == nil {
			program = real
		}
		beside := filepath.Dir(program)
		all = append(all, beside, filepath.Join(beside, "lib"), filepath.Join(beside, "..", "lib"))
	}
	if folder, err := os.Getwd(); err == nil {
		for {
			all = append(all, filepath.Join(folder, ".deps", "lib"))
			parent := filepath.Dir(folder)
			if parent == folder {
				break
			}
			folder = parent
		}
	}
	return append(all, "/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/opt/onnxruntime/lib")
}

// inFolder gives the newest library of a folder, "" if it has none.
func inFolder(folder string) string {
	patterns := []string{"libonnxruntime.so", "libonnxruntime.so.*"}
	if runtime.GOOS == "darwin" {
		patterns = []string{"libonnxruntime.dylib", "libonnxruntime.*.dylib"}
	}
	for _, pattern := range patterns {
		if found, _ := filepath.Glob(filepath.Join(folder, pattern)); len(found) > 0 {
			return slices.Max(found)
		}
	}
	return ""
}
