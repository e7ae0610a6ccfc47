// Package ortlib finds the ONNX Runtime library and checks that it is new enough.
package ortlib

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"mslora/internal/hint"
)

const variable = "ONNXRUNTIME_LIB"

// Find gives the library to load: flag, else $ONNXRUNTIME_LIB (each a file or a folder), else the first
// one beside the program, in .deps/lib of the working folder, one above it or the program's checkout, or in
// the system's folders.
// tried lists every place looked at. What was asked for explicitly is never replaced by another library.
func Find(flag string) (path string, tried []string, err error) {
	for _, explicit := range []struct{ by, place string }{{"--onnxruntime", flag}, {variable, os.Getenv(variable)}} {
		if explicit.place != "" {
			return findAt(explicit.by, explicit.place)
		}
	}
	for _, folder := range folders() {
		tried = append(tried, folder)
		if found := inFolder(folder); found != "" {
			return found, tried, nil
		}
	}
	return "", tried, hint.New("run `make deps`, or name it with --onnxruntime or "+variable,
		"no ONNX Runtime library; looked in %s", strings.Join(tried, ", "))
}

// findAt takes the library from the file or folder that a flag or variable names.
func findAt(by, place string) (path string, tried []string, err error) {
	tried = []string{place}
	info, err := os.Stat(place)
	if err != nil {
		return "", tried, hint.New("give the library's file or its folder", "%s: %w", by, err)
	}
	if !info.IsDir() {
		return place, tried, nil
	}
	if found := inFolder(place); found != "" {
		return found, tried, nil
	}
	return "", tried, hint.New("give the library's file or its folder",
		"%s: there is no ONNX Runtime library in %s, expected %s", by, place, strings.Join(patterns(), " or "))
}

// folders lists the places to search, most particular first, none twice.
func folders() []string {
	var all, checkout []string
	if program, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(program); err == nil {
			program = real
		}
		beside := filepath.Dir(program)
		all = append(all, beside, filepath.Join(beside, "lib"), filepath.Join(beside, "..", "lib"))
		checkout = []string{filepath.Join(beside, "..", ".deps", "lib")} // of bin/mslora, called from elsewhere
	}
	if folder, err := os.Getwd(); err == nil {
		for parent := ""; parent != folder; folder, parent = filepath.Dir(folder), folder {
			all = append(all, filepath.Join(folder, ".deps", "lib"))
		}
	}
	all = append(all, checkout...)
	loader := "LD_LIBRARY_PATH"
	if runtime.GOOS == "darwin" {
		loader = "DYLD_LIBRARY_PATH"
	}
	all = append(all, filepath.SplitList(os.Getenv(loader))...)
	all = append(all, "/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib",
		"/opt/onnxruntime/lib", "/opt/homebrew/lib")
	var distinct []string
	for _, folder := range all {
		if folder != "" && !slices.Contains(distinct, folder) {
			distinct = append(distinct, folder)
		}
	}
	return distinct
}

// patterns gives the library's names: the plain one, which a person put there on purpose, before versions.
func patterns() []string {
	if runtime.GOOS == "darwin" {
		return []string{"libonnxruntime.dylib", "libonnxruntime.*.dylib"}
	}
	return []string{"libonnxruntime.so", "libonnxruntime.so.*"}
}

// inFolder gives the newest library of a folder, "" if it has none.
func inFolder(folder string) string {
	for _, pattern := range patterns() {
		if found, _ := filepath.Glob(filepath.Join(folder, pattern)); len(found) > 0 {
			return slices.MaxFunc(found, byVersion)
		}
	}
	return ""
}

// byVersion compares names part by part, numbers by value: .so.1.9 comes before .so.1.31.
func byVersion(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		x, errX := strconv.Atoi(a)
		y, errY := strconv.Atoi(b)
		if errX != nil || errY != nil {
			return cmp.Compare(a, b)
		}
		return cmp.Compare(x, y)
	})
}
